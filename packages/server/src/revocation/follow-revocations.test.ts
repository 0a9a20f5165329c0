import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { AccessClaims } from '@countersign/verify'
import { createTestAccount } from '../accounts/account.fixture.ts'
import {
  createTestClock,
  createTestRandomness,
  type TestClock,
} from '../foundation/deterministic.fixture.ts'
import { createIdSource } from '../foundation/ids.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { createSession } from '../sessions/start-session.ts'
import { openMemoryStore } from '../stores/memory-store.fixture.ts'
import type { Store } from '../stores/store.ts'
import { createRevocationFollower } from './follow-revocations.ts'
import { LiveRevocations } from './live-revocations.ts'

const retentionMs = 1_020_000
const account = createTestAccount()

/** This process, and beside it another that acts on the same store. */
async function setUp(t: TestContext) {
  const clock = createTestClock()
  const randomness = createTestRandomness()
  const parts = { clock, randomness, newId: createIdSource(clock, randomness) }
  const store = await openMemoryStore(t, clock)
  await store.insertAccount(account, account.username)
  const startSession = async (): Promise<string> => {
    const session = createSession(account, { ip: '203.0.113.9', userAgent: null }, ['pwd'], parts)
    await store.insertSession(session)
    return session.id
  }
  return { clock, store, startSession, ...start(store, clock) }
}

function start(store: Pick<Store, 'findRevocations'>, clock: TestClock) {
  const live = new LiveRevocations(clock, retentionMs)
  const follower = createRevocationFollower(store, live, clock, retentionMs)
  const isDead = (sid: string, epoch = 0): boolean =>
    live.isRevoked({ sub: account.id, sid, epoch } as AccessClaims)
  return { live, isDead, follow: () => follower.follow(), catchUp: () => follower.catchUp() }
}

describe('following revocations', () => {
  test('learns what another process ended, raised and deleted', async (t) => {
    const { store, clock, startSession, isDead, follow } = await setUp(t)
    const [one, other] = [await startSession(), await startSession()]
    await follow()
    await store.endSession(one, 'signed_out', clock())
    assert.equal(isDead(one), false)
    await follow()
    assert.deepEqual([isDead(one), isDead(other)], [true, false])
    await store.raiseEpochs(account.id, clock())
    await follow()
    assert.deepEqual([isDead(other, 0), isDead(other, 1)], [true, false])
    await store.deleteAccount(account.id, clock())
    await follow()
    assert.equal(isDead(other, 1), true)
  })

  test('learns after a restart all that may still concern a token, and not more', async (t) => {
    const { store, clock, startSession } = await setUp(t)
    const [old, late, recent] = [await startSession(), await startSession(), await startSession()]
    await store.endSession(old, 'signed_out', clock())
    clock.advance(10_001)
    await store.endSession(late, 'signed_out', clock())
    clock.advance(60_000)
    await store.endSession(recent, 'signed_out', clock())
    clock.advance(retentionMs - 60_000)
    const { isDead, follow, live } = start(store, clock)
    await follow()
    assert.deepEqual([isDead(old), isDead(late), isDead(recent)], [false, true, true])
    assert.equal(live.size, 2)
  })

  test('learns of a change that became visible long after the time that it carries', async (t) => {
    const { store, clock, startSession, isDead, follow, live } = await setUp(t)
    const session = await startSession()
    await follow()
    const decidedAt = clock()
    // The process that decided it stood still before it told the store, as a machine that is moved does.
    for (let polls = 0; polls < 120; polls++) {
      clock.advance(500)
      await follow()
    }
    await store.endSession(session, 'signed_out', decidedAt)
    for (let polls = 0; polls < 60; polls++) {
      clock.advance(500)
      await follow()
    }
    assert.equal(isDead(session), true)
    // Those who follow us stand at a later time than it carries, and would never hear of it under that.
    const told = live.since(clock() - 40_000)
    assert.deepEqual(
      told.map((one) => one.kind === 'session' && one.sessionId),
      [session],
    )
    const { size } = live
    for (let polls = 0; polls < 200; polls++) {
      clock.advance(500)
      await follow()
    }
    assert.equal(live.size, size)
    assert.deepEqual(live.since(clock() - 60_000), [], 'and it is news once')
  })

  test('learns so of an account’s second change, too, when it knows the first', async (t) => {
    const { store, clock, isDead, follow } = await setUp(t)
    const pollForHalfAMinute = async (): Promise<void> => {
      for (let polls = 0; polls < 60; polls++) {
        clock.advance(500)
        await follow()
      }
    }
    await store.raiseEpochs(account.id, clock())
    await follow()
    const decidedAt = clock()
    await pollForHalfAMinute()
    await store.raiseEpochs(account.id, decidedAt)
    assert.deepEqual([isDead('session', 0), isDead('session', 1)], [true, false])
    await pollForHalfAMinute()
    assert.deepEqual([isDead('session', 1), isDead('session', 2)], [true, false])
  })

  test('catches up after a gap, however long the store was away', async (t) => {
    const { store, clock, startSession } = await setUp(t)
    let isAway = false
    const { isDead, follow } = start(
      {
        findRevocations: (since) =>
          isAway
            ? Promise.reject(new StoreUnavailableError('unreachable', 'away'))
            : store.findRevocations(since),
      },
      clock,
    )
    await follow()
    isAway = true
    const sessions: string[] = []
    for (let i = 0; i < 20; i++) {
      sessions.push(await startSession())
      await store.endSession(sessions.at(-1) ?? '', 'signed_out', clock())
      clock.advance(60_000)
      await assert.rejects(follow(), StoreUnavailableError)
    }
    isAway = false
    await follow()
    assert.ok(sessions.every((id) => isDead(id)))
  })

  test('reads ten seconds twice, because a commit may show later than its time', async (t) => {
    const { store, clock, startSession, isDead, follow } = await setUp(t)
    const [slow, tooSlow] = [await startSession(), await startSession()]
    const before = clock()
    clock.advance(10_000)
    await follow()
    await store.endSession(slow, 'signed_out', before)
    await store.endSession(tooSlow, 'signed_out', before - 1)
    await follow()
    assert.deepEqual([isDead(slow), isDead(tooSlow)], [true, false])
  })

  test('lets nobody wait who asks within a second, and whoever asks later for one reading', async (t) => {
    const { store, clock, startSession } = await setUp(t)
    let readings = 0
    const { isDead, follow, catchUp } = start(
      { findRevocations: (since) => (readings++, store.findRevocations(since)) },
      clock,
    )
    await Promise.all([catchUp(), catchUp()])
    assert.equal(readings, 1, 'nothing was known')
    await follow()
    const session = await startSession()
    await store.endSession(session, 'signed_out', clock())
    clock.advance(1_000)
    assert.equal(catchUp(), undefined)
    // As after this process or its machine stood still.
    clock.advance(1)
    await Promise.all([catchUp(), catchUp(), catchUp()])
    assert.equal(isDead(session), true)
    assert.equal(readings, 3)
    assert.equal(catchUp(), undefined)
  })

  test('waits for another reading when the one under way began too long ago', async (t) => {
    const { store, clock, startSession } = await setUp(t)
    const held = Promise.withResolvers<void>()
    let readings = 0
    const { isDead, follow, catchUp } = start(
      {
        findRevocations: async (since) => {
          const found = await store.findRevocations(since)
          if (readings++ === 1) await held.promise
          return found
        },
      },
      clock,
    )
    await follow()
    clock.advance(2_000)
    const first = catchUp()
    await store.countOtherActiveAccounts('admin', '')
    const session = await startSession()
    await store.endSession(session, 'signed_out', clock())
    clock.advance(2_000)
    const second = catchUp()
    held.resolve()
    await first
    assert.equal(isDead(session), false)
    await second
    assert.equal(isDead(session), true)
  })

  test('tells nobody who waits that all is known while the store does not answer', async (t) => {
    const { clock } = await setUp(t)
    const away = new StoreUnavailableError('unreachable', 'away')
    const { catchUp } = start({ findRevocations: () => Promise.reject(away) }, clock)
    for (let calls = 0; calls < 2; calls++) await assert.rejects(async () => catchUp(), away)
  })

  test('waits for two readings at the most, whatever becomes of the clock', async (t) => {
    const { store, clock } = await setUp(t)
    let readings = 0
    const { follow, catchUp } = start(
      {
        findRevocations: (since) => {
          readings++
          clock.advance(-60_000)
          return store.findRevocations(since)
        },
      },
      clock,
    )
    await follow()
    clock.advance(120_000)
    await catchUp()
    assert.ok(readings <= 3)
  })

  test('does not read everything again each time', async (t) => {
    const { store, clock } = await setUp(t)
    const asked: number[] = []
    const { follow } = start(
      { findRevocations: (since) => (asked.push(clock() - since), store.findRevocations(since)) },
      clock,
    )
    await follow()
    clock.advance(500)
    await follow()
    clock.advance(500)
    await follow()
    assert.deepEqual(asked, [retentionMs + 10_000, 10_500, 10_500])
  })

  test('goes on after a clock that went backwards, as others did', async (t) => {
    const { store, clock, startSession, isDead, follow } = await setUp(t)
    const session = await startSession()
    await follow()
    clock.advance(-3_600_000)
    await store.endSession(session, 'signed_out', clock())
    await follow()
    assert.equal(isDead(session), true)
    const next = await startSession()
    clock.advance(1_000)
    await store.endSession(next, 'signed_out', clock())
    await follow()
    assert.equal(isDead(next), true)
  })

  test('remembers again what a clock that ran ahead for a while made it forget', async (t) => {
    const { store, clock, startSession, isDead, follow, live } = await setUp(t)
    const session = await startSession()
    await store.endSession(session, 'signed_out', clock())
    await follow()
    clock.advance(86_400_000)
    await follow()
    live.prune()
    assert.equal(isDead(session), false)
    clock.advance(-86_400_000)
    await follow()
    assert.equal(isDead(session), true)
  })
})
