import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { AccessClaims } from '@countersign/verify'
import { createTestAccount } from '../accounts/account.fixture.ts'
import { createTestClock, createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { createIdSource } from '../foundation/ids.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { createSession } from '../sessions/start-session.ts'
import { openMemoryStore } from '../stores/memory-store.fixture.ts'
import { LiveRevocations } from './live-revocations.ts'
import { createRevokingStore, type RevokingStore } from './revoking-store.ts'

const account = createTestAccount({ tokenEpoch: 3, sessionEpoch: 2 })

async function setUp(t: TestContext) {
  const clock = createTestClock()
  const randomness = createTestRandomness()
  const store = await openMemoryStore(t, clock)
  await store.insertAccount(account, account.username)
  const parts = { clock, randomness, newId: createIdSource(clock, randomness) }
  const session = createSession(account, { ip: '203.0.113.9', userAgent: null }, ['pwd'], parts)
  await store.insertSession(session)
  const live = new LiveRevocations(clock, 1_020_000)
  const isDead = (epoch = 3): boolean =>
    live.isRevoked({ sub: account.id, sid: session.id, epoch } as AccessClaims)
  return { clock, session, live, isDead, revoking: createRevokingStore(store, live, clock) }
}

const fail = () => Promise.reject(new StoreUnavailableError('full', 'full'))

describe('an act that kills tokens', () => {
  const { id } = account
  const acts: [string, (store: RevokingStore, now: number) => Promise<unknown>][] = [
    ['a password change', (store, now) => store.changePassword(id, { to: 'new' }, now)],
    ['a change of role', (store, now) => store.changeStanding(id, { role: 'admin' }, now)],
    ['disabling', (store, now) => store.changeStanding(id, { disabled: true }, now)],
    ['the end of all sessions', (store, now) => store.raiseEpochs(id, now)],
  ]

  for (const [name, act] of acts) {
    test(`counts in this process as soon as it is stored: ${name}`, async (t) => {
      const { revoking, clock, isDead } = await setUp(t)
      await act(revoking, clock())
      assert.deepEqual([isDead(3), isDead(4)], [true, false])
    })
  }

  test('counts for good when the account is deleted', async (t) => {
    const { revoking, clock, isDead } = await setUp(t)
    assert.equal(await revoking.deleteAccount(id, clock()), true)
    assert.equal(isDead(1_000_000), true)
  })

  test('counts for one session when that ends', async (t) => {
    const { revoking, clock, session, isDead, live } = await setUp(t)
    assert.equal(await revoking.endSession(session.id, 'theft', clock()), true)
    assert.equal(isDead(1_000_000), true)
    const other = { sub: id, sid: 'another', epoch: 3 } as AccessClaims
    assert.equal(live.isRevoked(other), false)
  })

  test('is news when it is stored, however long before that it was decided', async (t) => {
    const { revoking, clock, session, live } = await setUp(t)
    const decidedAt = clock()
    clock.advance(60_000)
    await revoking.endSession(session.id, 'signed_out', decidedAt)
    await revoking.raiseEpochs(id, decidedAt)
    await revoking.deleteAccount(id, decidedAt)
    const times = live.since(0).map(({ at }) => at)
    assert.deepEqual(times, [clock(), clock()])
  })

  test('counts for nothing when nothing changed', async (t) => {
    const { revoking, clock, session, isDead, live } = await setUp(t)
    await revoking.changePassword(id, { from: 'another hash', to: 'new' }, clock())
    await revoking.changeStanding(id, { role: 'user', disabled: false }, clock())
    await revoking.changeStanding('unknown', { disabled: true }, clock())
    await revoking.raiseEpochs('unknown', clock())
    await revoking.deleteAccount('unknown', clock())
    await revoking.endSession('unknown', 'theft', clock())
    assert.equal(isDead(3), false)
    assert.ok(live.size <= 1)
    await revoking.endSession(session.id, 'theft', clock())
    const { size } = live
    assert.equal(await revoking.endSession(session.id, 'signed_out', clock()), false)
    assert.equal(live.size, size)
  })

  test('counts for nothing when the store could not carry it out', async () => {
    const clock = createTestClock()
    const live = new LiveRevocations(clock, 1)
    const revoking = createRevokingStore(
      {
        changePassword: fail,
        changeStanding: fail,
        raiseEpochs: fail,
        recoverAccount: fail,
        deleteAccount: fail,
        endSession: fail,
      },
      live,
      clock,
    )
    for (const [, act] of acts) await assert.rejects(act(revoking, 0), StoreUnavailableError)
    await assert.rejects(revoking.deleteAccount(id, 0), StoreUnavailableError)
    await assert.rejects(revoking.endSession('session', 'theft', 0), StoreUnavailableError)
    assert.equal(live.size, 0)
  })
})
