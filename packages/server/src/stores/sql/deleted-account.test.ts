import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { createTestAccount } from '../../accounts/account.fixture.ts'
import { createTestClock } from '../../foundation/deterministic.fixture.ts'
import { openSqliteStore } from './open-sqlite-store.ts'

// Its id and its times stay, so that no other account takes the id, and everybody hears that its tokens are dead.
test('nothing that tells of a person stays in the row of a deleted account', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'x.db')
  const clock = createTestClock()
  const store = await openSqliteStore({ file, clock })
  const account = createTestAccount({ username: 'Ada', email: 'Ada@example.org' })
  const email = { address: 'Ada@example.org', key: 'ada@example.org' }
  assert.equal(await store.insertAccount(account, 'ada'), 'inserted')
  await store.confirmEmail(account.id, { seen: email.address, seenEpoch: 0, email }, clock())
  await store.deleteAccount(account.id, clock())
  await store.close()

  const database = new DatabaseSync(file)
  t.after(() => database.close())
  const row = database.prepare('SELECT * FROM users').get() ?? assert.fail()
  const texts = Object.entries(row).filter(([, value]) => typeof value === 'string')
  assert.deepEqual(Object.fromEntries(texts), {
    id: account.id,
    password_hash: '',
    role: account.role,
  })
})
