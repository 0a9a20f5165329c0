import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { createTestClock, createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { createIdSource } from '../foundation/ids.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { openMemoryStore } from '../stores/memory-store.fixture.ts'
import type { LeaseStore } from './store.ts'
import { type HeldLease, withLease } from './with-lease.ts'

async function setUp(
  t: TestContext,
  change: (store: LeaseStore) => Partial<LeaseStore> = () => ({}),
) {
  const clock = createTestClock()
  const opened = await openMemoryStore(t, clock)
  const store: LeaseStore = { ...opened, ...change(opened) }
  const parts = { clock, newId: createIdSource(clock, createTestRandomness()) }
  const run = <T>(work: (lease: HeldLease) => Promise<T>, name = 'x'): Promise<T> =>
    withLease(store, name, parts, work)
  return { clock, store, run }
}

const unavailable = new StoreUnavailableError('unreachable', 'The disk is gone.')

describe('work under a lease', () => {
  test('runs, and gives back what it made', async (t) => {
    const { run } = await setUp(t)
    assert.equal(await run(async () => 'made'), 'made')
  })

  test('never runs beside other work under the same name', async (t) => {
    const { run } = await setUp(t)
    let running = 0
    const work = async (): Promise<void> => {
      assert.equal(++running, 1)
      await new Promise(setImmediate)
      running--
    }
    await Promise.all(Array.from({ length: 8 }, () => run(work)))
  })

  test('runs beside work under another name', async (t) => {
    const { run } = await setUp(t)
    assert.equal(await run(() => run(async () => 'inner', 'y')), 'inner')
  })

  test('gives the lease back also when it fails, and fails as it failed', async (t) => {
    const { run } = await setUp(t)
    await assert.rejects(
      run(() => Promise.reject(new Error('the work failed'))),
      /the work failed/,
    )
    assert.equal(await run(async () => 'next'), 'next')
  })

  test('takes a lease over whose holder died, once its fifteen seconds are over', async (t) => {
    const { run, store, clock } = await setUp(t)
    await store.acquireLease('x', 'dead', clock() + 15_000, clock())
    let tries = 0
    const waiting = run(async () => 'taken over')
    // The clock stands: as long as it does, the lease is the dead holder's.
    while (tries++ < 3) await new Promise((resolve) => setTimeout(resolve, 10))
    clock.advance(15_000)
    assert.equal(await waiting, 'taken over')
  })

  test('is told to stop when a change that it begins could outlive the lease', async (t) => {
    const { run, clock } = await setUp(t)
    await run(async (lease) => {
      clock.advance(5_000)
      lease.check()
      clock.advance(1)
      assert.throws(
        () => lease.check(),
        (error) => error instanceof StoreUnavailableError && error.reason === 'locked',
      )
    })
  })

  test('holds the lease for fifteen seconds, and for itself', async (t) => {
    const asked: [string, number, number][] = []
    const { run, clock } = await setUp(t, (store) => ({
      acquireLease: (name, holder, expiresAt, now) => {
        asked.push([holder, expiresAt, now])
        return store.acquireLease(name, holder, expiresAt, now)
      },
    }))
    await run(async () => undefined)
    await run(async () => undefined)
    assert.deepEqual(
      asked.map(([, expiresAt, now]) => [expiresAt, now]),
      [
        [clock() + 15_000, clock()],
        [clock() + 15_000, clock()],
      ],
    )
    assert.notEqual(asked[0]?.[0], asked[1]?.[0])
  })

  test('is not begun when somebody else keeps the lease: the caller is told after five seconds', async (t) => {
    const { run } = await setUp(t, () => ({ acquireLease: async () => false }))
    let now = 0
    t.mock.method(performance, 'now', () => (now += 1_000))
    await assert.rejects(
      run(() => assert.fail('begun')),
      (error) => error instanceof StoreUnavailableError && error.reason === 'locked',
    )
    // Asked at 0, 1, 2, 3, 4 and 5 seconds, and given up after that.
    assert.equal(now, 7_000)
  })

  test('is not begun when the store cannot say', async (t) => {
    const { run } = await setUp(t, () => ({ acquireLease: () => Promise.reject(unavailable) }))
    await assert.rejects(
      run(() => assert.fail('begun')),
      unavailable,
    )
  })

  test('is done when it is done, also when the lease cannot be given back', async (t) => {
    const { run } = await setUp(t, () => ({ releaseLease: () => Promise.reject(unavailable) }))
    assert.equal(await run(async () => 'done'), 'done')
  })

  test('leaves no lease behind when the store failed for a moment as it was given back', async (t) => {
    let failures = 3
    const { run } = await setUp(t, (store) => ({
      releaseLease: (name, holder) =>
        failures-- > 0 ? Promise.reject(unavailable) : store.releaseLease(name, holder),
    }))
    await assert.rejects(
      run(() => Promise.reject(new Error('the work failed'))),
      /the work failed/,
    )
    // The clock stands, so the lease does not run out.
    assert.equal(await run(async () => 'next'), 'next')
    assert.equal(failures, -2)
  })

  test('leaves no lease behind when it cannot know whether it has one', async (t) => {
    let losses = 1
    const { run } = await setUp(t, (store) => ({
      acquireLease: async (...wish) => {
        const isAcquired = await store.acquireLease(...wish)
        if (losses-- > 0) throw new StoreUnavailableError('interrupted', 'The answer was lost.')
        return isAcquired
      },
    }))
    await assert.rejects(
      run(() => assert.fail('begun')),
      StoreUnavailableError,
    )
    assert.equal(await run(async () => 'next'), 'next')
  })

  test('does not hide a defect of the store', async (t) => {
    const { run } = await setUp(t, () => ({
      releaseLease: () => Promise.reject(new TypeError('x')),
    }))
    await assert.rejects(
      run(async () => 'done'),
      TypeError,
    )
  })
})
