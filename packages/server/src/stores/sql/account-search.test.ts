import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import type { Store } from '../store.ts'
import { openSqliteStore } from './open-sqlite-store.ts'

const idOf = (number: number) => `${number}`.padStart(26, '0')

/** A store of accounts `user-000001` and so on. */
async function openStoreOf(count: number, t: TestContext): Promise<Store> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-search-'))
  const file = join(directory, 'countersign.db')
  const store = await openSqliteStore({ file, clock: Date.now })
  t.after(async () => {
    await store.close()
    rmSync(directory, { recursive: true })
  })
  const database = new DatabaseSync(file)
  database.exec(`INSERT INTO users (id, username, username_key, password_hash, role, disabled, session_epoch, token_epoch,
      created_at, updated_at)
    WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ${count})
    SELECT printf('%026d', i), printf('user-%06d', i), printf('user-%06d', i), 'hash', 'user', 0, 0, 0, i, i
    FROM numbers`)
  database.close()
  return store
}

test('a search finds what lies in any slice of the accounts, in order and once', async (t) => {
  const store = await openStoreOf(20_000, t)
  const search = async (usernamePart: string, limit: number, afterId?: string) => {
    const found = await store.listAccounts({ usernamePart, limit, ...(afterId && { afterId }) })
    return found.map(({ id }) => Number(id))
  }
  const first500 = Array.from({ length: 500 }, (_, index) => index + 1)
  assert.deepEqual(await search('user-', 500), first500)
  assert.deepEqual(await search('5000', 500), [5_000, 15_000])
  assert.deepEqual(await search('5000', 1), [5_000])
  assert.deepEqual(await search('5000', 1, idOf(5_000)), [15_000])
  assert.deepEqual(await search('5000', 1, idOf(15_000)), [])
  assert.deepEqual(
    await search('user-01999', 500),
    Array.from({ length: 10 }, (_, i) => 19_990 + i),
  )
  assert.deepEqual(await search('user-020000', 500), [20_000])
  assert.deepEqual(await search('nobody', 500), [])
})

test('a search leaves the others their turns, however many accounts it walks', async (t) => {
  const store = await openStoreOf(50_000, t)
  let isSearching = true
  const search = store.listAccounts({ usernamePart: 'nobody', limit: 50 }).finally(() => {
    isSearching = false
  })
  let answered = 0
  while (isSearching) {
    await store.findAccount(idOf(7))
    answered++
  }
  assert.deepEqual(await search, [])
  assert.ok(answered >= 10, `${answered} others were answered meanwhile`)
})
