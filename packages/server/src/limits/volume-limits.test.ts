import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createTestClock } from '../foundation/deterministic.fixture.ts'
import { VolumeLimits } from './volume-limits.ts'

const limit = { count: 3, windowMs: 10_000 }

function call(limits: VolumeLimits, key: string, times: number): boolean[] {
  return Array.from({ length: times }, () => limits.count(key, limit).allowed)
}

describe('the volume of one caller', () => {
  test('is allowed up to the limit, and told how much remains', () => {
    const limits = new VolumeLimits(createTestClock())
    const counts = Array.from({ length: 5 }, () => limits.count('a', limit))
    assert.deepEqual(
      counts.map(({ allowed, remaining, justExceeded }) => [allowed, remaining, justExceeded]),
      [
        [true, 2, false],
        [true, 1, false],
        [true, 0, false],
        [false, 0, true],
        [false, 0, false],
      ],
    )
    assert.ok(counts.every((count) => count.limit === 3 && count.resetsInSeconds === 10))
  })

  test('is nobody else’s', () => {
    const limits = new VolumeLimits(createTestClock())
    assert.deepEqual(call(limits, 'a', 4), [true, true, true, false])
    assert.deepEqual(call(limits, 'b', 1), [true])
  })

  test('starts anew when the window that began with its first call ends, not a moment earlier', () => {
    const clock = createTestClock()
    const limits = new VolumeLimits(clock)
    call(limits, 'a', 1)
    clock.advance(9_999)
    assert.deepEqual(call(limits, 'a', 3), [true, true, false])
    assert.equal(limits.count('a', limit).resetsInSeconds, 1)
    clock.advance(1)
    assert.deepEqual(call(limits, 'a', 4), [true, true, true, false])
  })

  test('does not lengthen its window by trying on', () => {
    const clock = createTestClock()
    const limits = new VolumeLimits(clock)
    for (let i = 0; i < 10; i++) {
      limits.count('a', limit)
      clock.advance(1_000)
    }
    assert.equal(limits.count('a', limit).allowed, true)
  })

  test('is not locked out for longer than one window by a clock that goes backwards', () => {
    const clock = createTestClock()
    const limits = new VolumeLimits(clock)
    call(limits, 'a', 4)
    clock.advance(-86_400_000)
    assert.deepEqual(call(limits, 'a', 4), [true, true, true, false])
    clock.advance(10_000)
    assert.deepEqual(call(limits, 'a', 1), [true])
  })

  test('goes on counting through a small step backwards within the window', () => {
    const clock = createTestClock()
    const limits = new VolumeLimits(clock)
    call(limits, 'a', 2)
    clock.advance(5_000)
    call(limits, 'a', 1)
    clock.advance(-4_000)
    assert.deepEqual(call(limits, 'a', 1), [false])
  })

  test('is none at all with a limit of zero', () => {
    const limits = new VolumeLimits(createTestClock())
    const first = limits.count('a', { count: 0, windowMs: 1_000 })
    assert.deepEqual([first.allowed, first.justExceeded, first.remaining], [false, true, 0])
  })
})

describe('the memory of all callers', () => {
  test('is bounded, whoever floods it with new keys', () => {
    const limits = new VolumeLimits(createTestClock(), 100)
    for (let i = 0; i < 10_000; i++) {
      limits.count(`attacker ${i}`, limit)
      assert.ok(limits.size <= 100)
    }
    assert.ok(limits.size > 80)
  })

  test('gives up the oldest tenth of the windows first', () => {
    const limits = new VolumeLimits(createTestClock(), 100)
    for (let i = 0; i < 100; i++) call(limits, `${i}`, 4)
    limits.count('new', limit)
    assert.equal(limits.size, 91)
    assert.deepEqual(call(limits, '99', 1), [false])
    assert.deepEqual(call(limits, '10', 1), [false])
    assert.deepEqual(call(limits, '9', 1), [true])
  })

  test('gives up all windows at its front that are over', () => {
    const clock = createTestClock()
    const limits = new VolumeLimits(clock, 100)
    for (let i = 0; i < 50; i++) limits.count(`old ${i}`, limit)
    clock.advance(10_000)
    for (let i = 0; i < 51; i++) limits.count(`new ${i}`, limit)
    assert.equal(limits.size, 51)
  })

  test('puts a window that starts anew at the end again', () => {
    const clock = createTestClock()
    const limits = new VolumeLimits(clock, 10)
    for (let i = 0; i < 10; i++) limits.count(`${i}`, limit)
    clock.advance(10_000)
    call(limits, '0', 4)
    for (let i = 10; i < 15; i++) limits.count(`${i}`, limit)
    assert.deepEqual(call(limits, '0', 1), [false])
  })

  test('holds 100,000 callers by default', () => {
    const limits = new VolumeLimits(createTestClock())
    for (let i = 0; i < 100_000; i++) limits.count(`${i}`, limit)
    assert.equal(limits.size, 100_000)
    limits.count('one more', limit)
    assert.equal(limits.size, 90_001)
  })

  test('keeps every rule, whatever happens', () => {
    const step = fc.record({ key: fc.nat(30), advance: fc.integer({ min: -5_000, max: 15_000 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const clock = createTestClock()
        const limits = new VolumeLimits(clock, 20)
        for (const { key, advance } of steps) {
          clock.advance(advance)
          const count = limits.count(`${key}`, limit)
          assert.ok(limits.size <= 20)
          // The window, and what the clocks of instances may differ by: a step back as long as that keeps the window.
          assert.ok(count.resetsInSeconds >= 1 && count.resetsInSeconds <= 20)
          assert.ok(count.remaining >= 0 && count.remaining <= 3)
          if (!count.allowed) assert.equal(count.remaining, 0)
        }
      }),
    )
  })
})
