import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { postgresTest } from '../../../../tools/postgres.fixture.ts'
import { createProgram } from '../program.fixture.ts'

test('shows pending steps, applies them, and a start without the right to waits for that', (t) =>
  proveMigrations(t, {}))

postgresTest('does the same on PostgreSQL', (t, server) =>
  proveMigrations(t, {
    DATABASE_URL: server.urlFor(t),
    COUNTERSIGN_SECRET: 'a master secret of 32 characters or more',
  }),
)

async function proveMigrations(t: TestContext, database: Readonly<Record<string, string>>) {
  const program = createProgram(t)
  const run = (words: string, more: Readonly<Record<string, string>> = {}) =>
    program.run(words.split(' '), { variables: { ...database, ...more } })

  const before = await run('migrate status')
  assert.equal(before.code, 5, before.err)
  assert.match(before.out, /^1 +tables +pending$/m)
  assert.deepEqual(readdirSync(program.directory), [], 'it changed nothing')

  const refused = await run('keys list', { MIGRATE_ON_START: 'off' })
  assert.equal(refused.code, 5)
  assert.match(refused.err, /pending: 1 \(tables\), .*countersign migrate up/)
  const examined = await run('doctor', { MIGRATE_ON_START: 'off' })
  assert.equal(examined.code, 3, 'doctor says so beforehand')
  assert.match(examined.out, /\d+ schema step\(s\) are pending: countersign migrate up/)

  const up = await run('migrate up')
  assert.equal(up.code, 0, up.err)
  assert.match(up.out, /^Applied \d+ step\(s\): 1, 2/)
  assert.match((await run('migrate up')).out, /^Nothing was pending/)

  const after = await run('migrate status')
  assert.equal(after.code, 0)
  assert.match(after.out, /^1 +tables +applied 20\d\d-/m)
  assert.equal((await run('keys list', { MIGRATE_ON_START: 'off' })).code, 0)
  assert.equal((await run('doctor', { MIGRATE_ON_START: 'off' })).code, 0)
}
