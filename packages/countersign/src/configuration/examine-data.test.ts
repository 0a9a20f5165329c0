import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkSettings } from '@countersign/server/config'
import { examineData } from './examine-data.ts'

const hasModes = { skip: process.platform === 'win32' && 'files have no modes there' }

test(
  'a secret or a database of another user is found before the start fails',
  hasModes,
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'countersign-examine-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const [database, secret] = [join(directory, 'countersign.db'), join(directory, 'secret')]
    writeFileSync(database, '', { mode: 0o600 })
    writeFileSync(secret, 'x'.repeat(43), { mode: 0o600 })
    chmodSync(directory, 0o755)
    const checked = checkSettings({ databaseUrl: `sqlite:${database}` }, { production: false })
    assert.ok(checked.ok)
    const { settings } = checked
    const wrongs = async (): Promise<string> =>
      (await examineData(settings)).flatMap(({ isWrong, text }) => (isWrong ? [text] : [])).join()

    chmodSync(database, 0o444)
    chmodSync(secret, 0o000)
    const found = await asOrdinaryUser(wrongs)
    assert.match(found, /cannot read the master secret .*secret: chown it/)
    assert.match(found, /cannot write to the database .*countersign\.db: give it write access/)
    chmodSync(database, 0o600)
    chmodSync(secret, 0o600)
    assert.equal(await wrongs(), '', 'an empty database is one that the start fills')
  },
)

test('a database in memory, which no start may make tables in, is found before it fails', async () => {
  assert.equal(await wrongsInMemory('on'), '')
  assert.match(await wrongsInMemory('off'), /schema step\(s\) are pending/)
})

async function wrongsInMemory(migrateOnStart: 'on' | 'off'): Promise<string> {
  const options = { databaseUrl: 'sqlite::memory:', migrateOnStart }
  const checked = checkSettings(options, { production: false })
  assert.ok(checked.ok)
  const findings = await examineData(checked.settings)
  return findings.flatMap(({ isWrong, text }) => (isWrong ? [text] : [])).join()
}

/** Modes bind root to nothing. */
async function asOrdinaryUser<T>(act: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return act()
  process.seteuid?.(65_534)
  try {
    return await act()
  } finally {
    process.seteuid?.(0)
  }
}
