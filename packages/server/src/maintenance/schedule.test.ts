import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { until } from '../../../../tools/until.ts'
import { createTestClock } from '../foundation/deterministic.fixture.ts'
import { createStoreClock } from '../foundation/store-clock.ts'
import type { Logger } from '../foundation/logger.ts'
import { encodeId } from '../foundation/ids.ts'
import { LiveRevocations } from '../revocation/live-revocations.ts'
import { createTestSession } from '../sessions/session.fixture.ts'
import { openMemoryStore } from '../stores/memory-store.fixture.ts'
import { type Maintenance, type MaintenanceParts, startMaintenance } from './schedule.ts'

const day = 86_400_000
const idle = 7 * day
const max = 90 * day
const retention = 365 * day

const drop = (): void => undefined

/** Everything counts its calls; `changes` are what the test is about. */
function setUp(t: TestContext, changes: Partial<MaintenanceParts> = {}) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const calls: string[] = []
  const errors: string[] = []
  const count = (name: string) => async () => void calls.push(name)
  const countPruned = (name: string) => async () => (calls.push(name), 0)
  const logger: Logger = {
    debug: drop,
    info: drop,
    warn: drop,
    error: (_fields, message) => void errors.push(message),
  }
  const maintenance = startMaintenance({
    store: {
      pruneSessions: countPruned('sessions'),
      pruneAttempts: countPruned('attempts'),
      pruneConsumed: countPruned('consumed'),
      pruneChallenges: countPruned('challenges'),
      pruneEvents: countPruned('events'),
      readTime: async () => (calls.push('time'), 0),
    },
    storeClock: createStoreClock(createTestClock()),
    keyring: { maintain: async () => (calls.push('keys'), false), follow: count('follow keys') },
    onKeyMade: count('key made'),
    follower: { follow: count('follow') },
    revocations: { prune: () => void calls.push('revocations') },
    sessionIdleMs: idle,
    sessionMaxMs: max,
    auditRetentionMs: retention,
    shareVolume: count('share'),
    resealSecrets: count('reseal'),
    clock: createTestClock(),
    logger,
    ...changes,
  })
  return { maintenance, calls, errors }
}

async function pass(t: TestContext, milliseconds: number): Promise<void> {
  t.mock.timers.tick(milliseconds)
  await new Promise(setImmediate)
}

describe('maintenance', () => {
  test('follows revocations twice a second, shares and follows keys every second, and prunes every half minute', async (t) => {
    const { calls } = setUp(t)
    await pass(t, 499)
    assert.deepEqual(calls, [])
    await pass(t, 1)
    assert.deepEqual(calls, ['follow'])
    await pass(t, 500)
    assert.deepEqual(calls, ['follow', 'follow', 'follow keys', 'share'])
    calls.length = 0
    await pass(t, 29_000)
    assert.deepEqual(
      calls.filter((name) => !['follow', 'follow keys', 'share', 'time'].includes(name)),
      ['revocations', 'sessions', 'attempts', 'consumed', 'challenges', 'events'],
    )
    await pass(t, 30_000)
    assert.equal(calls.filter((name) => name === 'keys').length, 1)
  })

  test('seals secrets anew every ten minutes, so that an old master secret may go', async (t) => {
    const { calls } = setUp(t)
    for (let count = 0; count < 599; count++) await pass(t, 1_000)
    assert.equal(calls.includes('reseal'), false)
    await pass(t, 1_000)
    assert.equal(calls.filter((name) => name === 'reseal').length, 1)
  })

  test('never does one thing twice at once, and does it again when it is done', async (t) => {
    const done: (() => void)[] = []
    let started = 0
    const follow = (): Promise<void> => {
      started++
      return new Promise((resolve) => done.push(resolve))
    }
    const { maintenance } = setUp(t, { follower: { follow } })
    for (let i = 0; i < 5; i++) await pass(t, 500)
    assert.equal(started, 1)
    done[0]?.()
    await new Promise(setImmediate)
    await pass(t, 500)
    assert.equal(started, 2)
    done[1]?.()
    await maintenance.stop()
  })

  // It made a key for that time, and until then no other: the present one signed for ten years.
  test('plans no key by the time of a machine that was set wrong a moment ago', async (t) => {
    const [local, right] = [createTestClock(), createTestClock()]
    const store = await openMemoryStore(t, right)
    const storeClock = createStoreClock(local)
    const seen: number[] = []
    const maintain = async () => (seen.push(storeClock.now()), false)
    const keyring = { maintain, follow: async () => undefined }
    setUp(t, { store, storeClock, keyring })
    for (let seconds = 0; seconds < 55; seconds++) await pass(t, 1_000)
    local.advance(10 * 365 * day)
    for (let seconds = 0; seconds < 5; seconds++) await pass(t, 1_000)
    await until(() => seen.length > 0, 'the keys to be looked at')
    assert.deepEqual(seen, [right()])
  })

  test('goes on after a failure, which it logs', async (t) => {
    let follows = 0
    const { errors, calls } = setUp(t, {
      follower: {
        follow: () => {
          follows++
          return follows === 1 ? Promise.reject(new Error('away')) : Promise.resolve()
        },
      },
    })
    await pass(t, 500)
    await pass(t, 500)
    assert.deepEqual([follows, errors], [2, ['Could not follow revocations']])
    await pass(t, 60_000)
    assert.ok(calls.includes('keys'))
  })

  test('also after one that is thrown and not rejected', async (t) => {
    const { errors } = setUp(t, {
      keyring: {
        maintain: () => {
          throw new Error('at once')
        },
        follow: async () => undefined,
      },
    })
    await pass(t, 60_000)
    await pass(t, 60_000)
    assert.deepEqual(errors, ['Could not maintain the keys', 'Could not maintain the keys'])
  })

  test('once stopped begins nothing, and waits for what runs', async (t) => {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const { maintenance, calls } = setUp(t, {
      keyring: { maintain: () => promise, follow: async () => undefined },
    })
    await pass(t, 60_000)
    calls.length = 0
    let isStopped = false
    const stopped = maintenance.stop().then(() => (isStopped = true))
    await new Promise(setImmediate)
    assert.equal(isStopped, false)
    resolve(false)
    await stopped
    await pass(t, 120_000)
    assert.deepEqual(calls, [])
  })
})

describe('pruning', () => {
  test('keeps a session for as long as somebody may still ask what became of it', async (t) => {
    const clock = createTestClock()
    const store = await openMemoryStore(t, clock)
    const now = clock()
    const rows = [
      { lastUsedAt: now },
      { endedAt: now - idle, endReason: 'signed_out' as const },
      { endedAt: now - idle - 1, endReason: 'signed_out' as const },
      { lastUsedAt: now - 2 * idle },
      { lastUsedAt: now - 2 * idle - 1 },
      { createdAt: now - max - idle },
      { createdAt: now - max - idle - 1 },
    ]
    for (const [index, row] of rows.entries()) {
      await store.insertSession(createTestSession({ id: idOf(index), ...row }))
    }
    await prune(setUp(t, { store, clock }).maintenance)
    const kept: number[] = []
    for (const index of rows.keys()) {
      if (await store.findSessionWithAccount(idOf(index))) kept.push(index)
    }
    assert.deepEqual(kept, [0, 1, 3, 5])
  })

  // Until it was measured again, up to ten seconds later, everything was years old.
  test('deletes nothing by the time of a machine that was set wrong a moment ago', async (t) => {
    const [local, right] = [createTestClock(), createTestClock()]
    const store = await openMemoryStore(t, right)
    const storeClock = createStoreClock(local)
    await storeClock.measure(() => store.readTime())
    await store.insertSession(createTestSession({ id: idOf(1), lastUsedAt: right() }))
    local.advance(10 * 365 * day)
    await prune(setUp(t, { store, storeClock, clock: storeClock.now }).maintenance)
    assert.notEqual(await store.findSessionWithAccount(idOf(1)), undefined)
  })

  test('deletes nothing while the store does not tell the time', async (t) => {
    const clock = createTestClock()
    const store = await openMemoryStore(t, clock)
    const { maintenance } = setUp(t, {
      store: {
        ...store,
        readTime: () => Promise.reject(new Error('away')),
        pruneSessions: () => assert.fail('deleted'),
      },
      clock,
    })
    await assert.rejects(prune(maintenance), /away/)
  })

  test('forgets attempts, events and revocations that are over', async (t) => {
    const clock = createTestClock()
    const store = await openMemoryStore(t, clock)
    const revocations = new LiveRevocations(clock, 1_000)
    revocations.note({ kind: 'session', sessionId: 's', at: clock() })
    await store.reserveAttempt('a', { limit: 1, windowMs: 1_000, now: clock() })
    const event = {
      id: idOf(1),
      at: clock(),
      type: 'keys.rotated' as const,
      actorId: null,
      subjectId: null,
      sessionId: null,
      ip: null,
      userAgent: null,
      requestId: null,
      detail: {},
    }
    await store.appendEvent(event)
    const { maintenance } = setUp(t, { store, clock, revocations })
    clock.advance(1_000)
    await prune(maintenance)
    assert.equal(revocations.size, 1)
    assert.equal(await store.pruneAttempts(clock() + 1, 10), 1)
    clock.advance(retention - 1_000)
    await prune(maintenance)
    assert.equal(revocations.size, 0)
    assert.equal((await store.listEvents({ limit: 10 })).length, 1)
    clock.advance(1)
    await prune(maintenance)
    assert.deepEqual(await store.listEvents({ limit: 10 }), [])
  })
})

test('a flood of made-up names leaves nothing behind that pruning could not keep up with', async (t) => {
  const clock = createTestClock()
  const store = await openMemoryStore(t, clock)
  const { maintenance } = setUp(t, { store, clock })
  const window = { limit: 10, windowMs: 900_000, now: clock() }
  const names = Array.from({ length: 9_000 }, (_, index) => `login:${index}`)
  await Promise.all(names.map((name) => store.reserveAttempt(name, window)))
  clock.advance(900_001)
  await maintenance.prune()
  assert.equal(await store.pruneAttempts(clock(), 10), 0)
})

async function prune(maintenance: Maintenance): Promise<void> {
  await maintenance.prune()
}

function idOf(index: number): string {
  return encodeId(Buffer.alloc(16, index + 1))
}
