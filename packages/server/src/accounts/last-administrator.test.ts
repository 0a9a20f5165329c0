import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { createTestClock, createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { createIdSource } from '../foundation/ids.ts'
import { openMemoryStore } from '../stores/memory-store.fixture.ts'
import { createTestAccount } from './account.fixture.ts'
import type { Account } from './account.ts'
import { createAdministratorGuard } from './last-administrator.ts'

const administratorsOnly = Array.from({ length: 5 }, () => ({ role: 'admin' }))

async function setUp(t: TestContext, accounts: readonly Partial<Account>[]) {
  const clock = createTestClock()
  const newId = createIdSource(clock, createTestRandomness())
  const store = await openMemoryStore(t, clock)
  const ids: string[] = []
  for (const [index, changes] of accounts.entries()) {
    const account = createTestAccount({ id: newId(), username: `user${index}`, ...changes })
    await store.insertAccount(account, account.username)
    ids.push(account.id)
  }
  const guard = createAdministratorGuard(store, { clock, newId })
  const demote = (id = '') =>
    guard.guard(id, () => store.changeStanding(id, { role: 'user' }, clock()))
  const administrators = () => store.countOtherActiveAccounts('admin', '')
  return { store, clock, guard, ids, demote, administrators }
}

describe('the last administrator', () => {
  test('stays: the act is not even begun', async (t) => {
    const { guard, ids } = await setUp(t, [{ role: 'admin' }, { role: 'user' }])
    const result = await guard.guard(ids[0] ?? '', () => assert.fail('begun'))
    assert.equal(result, 'last_admin')
  })

  test('is not replaced by one who is disabled or deleted', async (t) => {
    const { store, clock, ids, demote } = await setUp(t, [
      { role: 'admin' },
      { role: 'admin', disabled: true },
      { role: 'admin' },
    ])
    await store.deleteAccount(ids[2] ?? '', clock())
    assert.equal(await demote(ids[0]), 'last_admin')
  })

  test('may go when another stays', async (t) => {
    const { ids, demote, administrators } = await setUp(t, [{ role: 'admin' }, { role: 'admin' }])
    const changed = await demote(ids[0])
    assert.equal(typeof changed === 'object' && changed.role, 'user')
    assert.equal(await administrators(), 1)
    assert.equal(await demote(ids[1]), 'last_admin')
  })

  test('is nobody who is no administrator, disabled or unknown: their act goes on', async (t) => {
    const { guard, ids } = await setUp(t, [
      { role: 'admin' },
      { role: 'user' },
      { role: 'admin', disabled: true },
    ])
    for (const id of [ids[1], ids[2], 'unknown']) {
      assert.equal(await guard.guard(id ?? '', async () => 'done'), 'done')
    }
  })

  test('stays also when five demote each other at the same moment', async (t) => {
    const { ids, demote, administrators } = await setUp(t, administratorsOnly)
    const results = await Promise.all(ids.map(demote))
    assert.equal(results.filter((result) => result === 'last_admin').length, 1)
    assert.equal(await administrators(), 1)
  })

  // The lease had run out meanwhile, and two who were counted in turn could both go.
  test('stays also when who counted the others stood still until the lease was over', async (t) => {
    const { store, clock, guard, ids, demote, administrators } = await setUp(t, [
      { role: 'admin' },
      { role: 'admin' },
    ])
    const counted = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const slow = createAdministratorGuard(
      {
        ...store,
        countOtherActiveAccounts: async (...wanted) => {
          const count = await store.countOtherActiveAccounts(...wanted)
          counted.resolve()
          await goOn.promise
          return count
        },
      },
      { clock, newId: createIdSource(clock, createTestRandomness()) },
    )
    const first = slow.guard(ids[0] ?? '', () => assert.fail('begun'))
    await counted.promise
    clock.advance(15_000)
    assert.equal(typeof (await demote(ids[1])), 'object')
    goOn.resolve()
    await assert.rejects(first, { name: 'StoreUnavailableError', reason: 'locked' })
    assert.equal(await administrators(), 1)
    assert.equal(await guard.guard(ids[0] ?? '', () => assert.fail('begun')), 'last_admin')
  })

  test('stays also when one demotes itself five times at the same moment', async (t) => {
    const { ids, demote, administrators } = await setUp(t, [{ role: 'admin' }, { role: 'admin' }])
    await Promise.all(Array.from({ length: 5 }, () => demote(ids[0])))
    assert.equal(await administrators(), 1)
  })
})
