import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { createTestClock } from '../foundation/deterministic.fixture.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { openMemoryStore } from '../stores/memory-store.fixture.ts'
import { type Attempt, createAttemptLimits, reserveBoth } from './attempt-limits.ts'

const limit = { count: 3, windowMs: 10_000 }
const ada = ['ada', '203.0.113.9']

async function setUp(t: TestContext) {
  const clock = createTestClock()
  const store = await openMemoryStore(t, clock)
  const keys: string[] = []
  const limits = createAttemptLimits(
    {
      ...store,
      reserveAttempt: (key, window) => {
        keys.push(key)
        return store.reserveAttempt(key, window)
      },
    },
    clock,
  )
  const attempt = (parts = ada): Promise<Attempt> => limits.reserve('login', parts, limit)
  const granted = async (parts = ada): Promise<boolean> => (await attempt(parts)).granted
  return { clock, store, limits, attempt, granted, keys }
}

describe('attempts', () => {
  test('are granted up to the limit, and then refused with the time to wait', async (t) => {
    const { attempt, clock } = await setUp(t)
    for (let i = 0; i < 3; i++) assert.equal((await attempt()).granted, true)
    const refusal = { granted: false, limit: 3, justExceeded: true, retryAfterSeconds: 10 }
    assert.deepEqual(await attempt(), refusal)
    clock.advance(8_001)
    assert.deepEqual(await attempt(), { ...refusal, justExceeded: false, retryAfterSeconds: 2 })
    clock.advance(1_998)
    assert.deepEqual(await attempt(), { ...refusal, justExceeded: false, retryAfterSeconds: 1 })
  })

  test('are exactly as many as the limit when fifty try at the same moment', async (t) => {
    const { limits } = await setUp(t)
    const many = { count: 10, windowMs: 10_000 }
    const attempts = await Promise.all(
      Array.from({ length: 50 }, () => limits.reserve('login', ada, many)),
    )
    assert.equal(attempts.filter(({ granted }) => granted).length, 10)
    const told = attempts.filter((attempt) => !attempt.granted && attempt.justExceeded)
    assert.equal(told.length, 1)
  })

  test('are refused until the window is over and granted from then on, not a moment earlier', async (t) => {
    const { granted, clock } = await setUp(t)
    for (let i = 0; i < 3; i++) await granted()
    clock.advance(9_999)
    assert.equal(await granted(), false)
    clock.advance(1)
    assert.deepEqual([await granted(), await granted(), await granted()], [true, true, true])
    assert.equal(await granted(), false)
  })

  test('are told to be too many once in each window', async (t) => {
    const { attempt, clock } = await setUp(t)
    const told: boolean[] = []
    for (let i = 0; i < 15; i++) {
      const each = await attempt()
      told.push(!each.granted && each.justExceeded)
      clock.advance(1_000)
    }
    assert.deepEqual(
      told.flatMap((isTold, index) => (isTold ? [index] : [])),
      [3, 13],
    )
  })

  test('are not locked for longer than one window by a clock that goes backwards', async (t) => {
    const { granted, clock } = await setUp(t)
    for (let i = 0; i < 4; i++) await granted()
    clock.advance(-86_400_000)
    assert.equal(await granted(), true)
  })

  test('that succeeded are given back, each once and to its own window', async (t) => {
    const { attempt, granted, clock } = await setUp(t)
    const attempts = [await attempt(), await attempt(), await attempt()]
    assert.equal(await granted(), false)
    const [first] = attempts
    assert.ok(first?.granted)
    await first.release()
    assert.deepEqual([await granted(), await granted()], [true, false])
    // The window of the first is over: giving back must not make room in the next.
    clock.advance(10_000)
    for (let i = 0; i < 3; i++) assert.equal(await granted(), true)
    await first.release()
    assert.equal(await granted(), false)
  })

  test('that cannot be given back stay counted, and the act that succeeded is none the worse', async () => {
    const reserved = { granted: true, count: 1, resetsAt: 1 }
    const limitsOf = (failure: Error) =>
      createAttemptLimits(
        {
          reserveAttempt: async () => reserved,
          releaseAttempt: () => Promise.reject(failure),
          pruneAttempts: async () => 0,
        },
        createTestClock(),
      )
    const release = async (failure: Error): Promise<void> => {
      const attempt = await limitsOf(failure).reserve('login', ada, limit)
      assert.ok(attempt.granted)
      await attempt.release()
    }
    await release(new StoreUnavailableError('full', 'full'))
    await assert.rejects(release(new TypeError('a defect')), TypeError)
  })

  test('of others, elsewhere or of another kind are counted apart', async (t) => {
    const { granted, limits } = await setUp(t)
    for (let i = 0; i < 4; i++) await granted()
    assert.equal(await granted(['ada', '203.0.113.10']), true)
    assert.equal(await granted(['bob', '203.0.113.9']), true)
    assert.equal((await limits.reserve('password', ada, limit)).granted, true)
    // No way of writing the parts makes two callers one.
    assert.equal(await granted(['ada203.0.113.9', '']), true)
    assert.equal(await granted(['ada","203.0.113.9']), true)
    assert.equal(await granted(['ada,203.0.113.9']), true)
    assert.equal(await granted(), false)
  })

  test('are kept without the name that was typed, which is sometimes a password', async (t) => {
    const { granted, keys } = await setUp(t)
    await granted(['hunter2-is-my-password', '203.0.113.9'])
    assert.match(keys[0] ?? '', /^login:[\w-]{43}$/)
  })

  test('are refused when none are allowed', async (t) => {
    const { limits } = await setUp(t)
    const none = await limits.reserve('login', ada, { count: 0, windowMs: 1_000 })
    assert.deepEqual(none, { granted: false, limit: 0, justExceeded: true, retryAfterSeconds: 1 })
  })

  test('are taken of two limits or of none, and given back to both', async (t) => {
    const { limits } = await setUp(t)
    const wide = (): Promise<Attempt> => limits.reserve('login', ['wide'], limit)
    const narrow = (): Promise<Attempt> =>
      limits.reserve('account', ['narrow'], { ...limit, count: 1 })
    const first = await reserveBoth(wide(), narrow)
    assert.ok(first.granted)
    for (let turn = 0; turn < 5; turn++) {
      const refused = await reserveBoth(wide(), narrow)
      assert.ok(!refused.granted)
      assert.equal(refused.limit, 1, 'by the second, however often: the first got its own back')
    }
    await first.release()
    assert.equal((await reserveBoth(wide(), narrow)).granted, true)
    for (let turn = 0; turn < 2; turn++) assert.equal((await wide()).granted, true)
    assert.equal((await wide()).granted, false)
    const refused = await reserveBoth(wide(), () => assert.fail('nobody asks the second'))
    assert.deepEqual([refused.granted, !refused.granted && refused.limit], [false, 3])
  })
})
