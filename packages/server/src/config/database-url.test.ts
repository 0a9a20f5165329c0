import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkSettings } from './check-settings.ts'
import { readEnvironment } from './environment.ts'
import type { CountersignOptions, OptionName } from './options.ts'

const postgres = 'postgres://ada:pw@db.example.com/app'
const secret = 'f3Jx0mB7vQ2nR9tYk5Lw8ZcHd1Gs6PaE'

function mistakesOf(options: CountersignOptions, production: boolean): (OptionName | undefined)[] {
  const checked = checkSettings(options, { production })
  return checked.ok ? [] : checked.mistakes.map(({ option }) => option)
}

test('the URL may stand in a file, as a secret may', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-url-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'url')
  writeFileSync(file, `${postgres}\n`, { mode: 0o600 })
  const reading = readEnvironment([{ name: 'test', variables: { DATABASE_URL_FILE: file } }])
  assert.deepEqual(reading.mistakes, [])
  const checked = checkSettings({ ...reading.options, secret }, { production: false })
  assert.ok(checked.ok)
  const { database } = checked.settings
  assert.ok(database.kind === 'postgres' && database.password === 'pw')
})

test('with any database but SQLite instances share a secret, in production also an issuer', () => {
  assert.deepEqual(mistakesOf({ databaseUrl: postgres }, false), ['secret'])
  assert.deepEqual(mistakesOf({ databaseUrl: postgres }, true), ['secret', 'jwtIssuer'])
  assert.deepEqual(mistakesOf({ databaseUrl: postgres, secret }, false), [])
  assert.deepEqual(mistakesOf({ databaseUrl: postgres, secret }, true), ['jwtIssuer'])
  for (const named of [{ jwtIssuer: 'https://a.example' }, { publicUrl: 'https://a.example' }]) {
    assert.deepEqual(mistakesOf({ databaseUrl: postgres, secret, ...named }, true), [])
  }
  assert.deepEqual(mistakesOf({}, true), [])
})

test('another database is refused, and SQLite never steps in', () => {
  for (const databaseUrl of ['mysql://ada@host/app', 'postgres:', 'app.db', 'sqlite:']) {
    assert.ok(mistakesOf({ databaseUrl, secret }, false).includes('databaseUrl'), databaseUrl)
  }
})
