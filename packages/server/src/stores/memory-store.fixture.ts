import type { TestContext } from 'node:test'
import type { Clock } from '../foundation/clock.ts'
import { openSqliteStore } from './sql/open-sqlite-store.ts'
import type { Store } from './store.ts'

/** A real store that dies with the test. */
export async function openMemoryStore(t: TestContext, clock: Clock): Promise<Store> {
  const store = await openSqliteStore({ file: ':memory:', clock })
  t.after(() => store.close())
  return store
}
