import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { testStart as start } from '../foundation/deterministic.fixture.ts'
import { activeKey, planRotation, type RotationSchedule } from './plan-rotation.ts'
import type { PairAlgorithm, SigningKey } from './signing-key.ts'

const second = 1_000
const minute = 60 * second
const day = 86_400 * second
const schedule: RotationSchedule = {
  algorithm: 'ES256',
  accessTokenTtlSeconds: 900,
  rotationMs: 30 * day,
  leadMs: 10 * minute,
}
const stand = createSecretKey(Buffer.alloc(32))

function key(kid: string, activatesAt: number, changes: Partial<SigningKey> = {}): SigningKey {
  return {
    kid,
    algorithm: 'ES256',
    privateKey: stand,
    publicKey: stand,
    createdAt: activatesAt,
    activatesAt,
    removesAt: null,
    ...changes,
  }
}

function plan(keys: readonly SigningKey[], now: number, changes: Partial<RotationSchedule> = {}) {
  return planRotation({ keys, longestTokenTtlSeconds: 900 }, { ...schedule, ...changes }, now)
}

describe('the key that signs', () => {
  test('is the latest whose time has come', () => {
    const keys = [key('a', start), key('b', start + day), key('c', start + 2 * day)]
    assert.equal(activeKey(keys, start)?.kid, 'a')
    assert.equal(activeKey(keys, start + day - 1)?.kid, 'a')
    assert.equal(activeKey(keys, start + day)?.kid, 'b')
    assert.equal(activeKey(keys, start + 3 * day)?.kid, 'c')
    // In whichever order they stand.
    assert.equal(activeKey(keys.toReversed(), start + day)?.kid, 'b')
  })

  test('is never one that is to be removed, and none when there is none', () => {
    assert.equal(activeKey([key('a', start, { removesAt: start + day })], start), undefined)
    assert.equal(activeKey([], start), undefined)
  })

  test('of two with the same time is the one that was made later', () => {
    assert.equal(activeKey([key('a', start), key('b', start)], start)?.kid, 'b')
  })

  test('is the first to come when this clock is behind the one that made them', () => {
    const keys = [key('b', start + day), key('a', start)]
    assert.equal(activeKey(keys, start - minute)?.kid, 'a')
    assert.equal(activeKey(keys.toReversed(), start - minute)?.kid, 'a')
    assert.equal(plan(keys, start - minute).make, undefined)
  })
})

describe('a rotation', () => {
  test('begins with a key that signs at once', () => {
    assert.deepEqual(plan([], start).make, { activatesAt: start })
  })

  test('publishes the next key ten minutes before the old one ends, not a moment earlier', () => {
    const keys = [key('a', start)]
    const due = start + 30 * day - 10 * minute
    const early = plan(keys, due - 1)
    assert.deepEqual([early.make, early.isChanged], [undefined, false])
    assert.deepEqual(plan(keys, due).make, { activatesAt: start + 30 * day })
  })

  test('that comes late still publishes for ten minutes before it signs', () => {
    const now = start + 45 * day
    assert.deepEqual(plan([key('a', start)], now).make, { activatesAt: now + 10 * minute })
  })

  test('makes one next key and no more', () => {
    const now = start + 30 * day - 5 * minute
    const planned = plan([key('a', start), key('b', start + 30 * day)], now)
    assert.deepEqual([planned.make, planned.isChanged], [undefined, false])
  })

  test('keeps the old key until its last token is over, and two minutes for slow clocks', () => {
    const keys = [key('a', start), key('b', start + 30 * day)]
    const retired = plan(keys, start + 30 * day)
    const removesAt = start + 30 * day + 900 * second + 120 * second
    assert.deepEqual(
      retired.keep.map(({ kid, removesAt: at }) => [kid, at]),
      [
        ['a', removesAt],
        ['b', null],
      ],
    )
    assert.equal(retired.isChanged, true)
    const later = plan(retired.keep, removesAt - 1)
    assert.deepEqual([later.keep, later.isChanged], [retired.keep, false])
    const removed = plan(retired.keep, removesAt)
    assert.deepEqual([removed.keep.map(({ kid }) => kid), removed.isChanged], [['b'], true])
  })

  test('keeps it for the longest life that any token was ever given', () => {
    const keys = [key('a', start), key('b', start + day)]
    const now = start + day
    const content = { keys, longestTokenTtlSeconds: 3_600 }
    const shorter = planRotation(content, schedule, now)
    assert.equal(shorter.longestTokenTtlSeconds, 3_600)
    assert.equal(shorter.keep[0]?.removesAt, now + 3_720 * second)
    const longer = planRotation(content, { ...schedule, accessTokenTtlSeconds: 7_200 }, now)
    assert.deepEqual([longer.longestTokenTtlSeconds, longer.isChanged], [7_200, true])
    assert.equal(longer.keep[0]?.removesAt, now + 7_320 * second)
  })

  test('takes note of a longer life also when nothing else is due', () => {
    const longer = plan([key('a', start)], start + day, { accessTokenTtlSeconds: 901 })
    assert.deepEqual([longer.longestTokenTtlSeconds, longer.isChanged], [901, true])
  })
})

describe('another algorithm in the configuration', () => {
  const eddsa = { algorithm: 'EdDSA' } as const

  test('gets a key that is published before it signs; until then the old one signs', () => {
    const now = start + day
    assert.deepEqual(plan([key('a', start)], now, eddsa).make, { activatesAt: now + 10 * minute })
  })

  test('gets one key and no more, also beside a next key of the old algorithm', () => {
    const now = start + 30 * day - 5 * minute
    const keys = [key('a', start), key('b', start + 30 * day)]
    const first = plan(keys, now, eddsa)
    assert.deepEqual(first.make, { activatesAt: now + 10 * minute })
    const made = key('c', now + 10 * minute, eddsa)
    assert.equal(plan([...keys, made], now + minute, eddsa).make, undefined)
  })
})

describe('over months', () => {
  test('there is always one key that signs, published long enough, and kept long enough', () => {
    const change = fc.record({
      wait: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 60 * 24 * 20 })),
      algorithm: fc.constantFrom<PairAlgorithm>('ES256', 'ES256', 'ES256', 'EdDSA'),
      accessTokenTtlSeconds: fc.constantFrom(900, 900, 3_600, 86_400),
    })
    fc.assert(
      fc.property(fc.array(change, { minLength: 5, maxLength: 60, size: 'max' }), (steps) => {
        let now = start
        let content: Pick<ReturnType<typeof planRotation>, 'longestTokenTtlSeconds'> & {
          keys: readonly SigningKey[]
        } = { keys: [], longestTokenTtlSeconds: 0 }
        const publishedAt = new Map<string, number>()
        const tokens: { kid: string; expiresAt: number }[] = []
        let count = 0
        for (const { wait, algorithm, accessTokenTtlSeconds } of steps) {
          const planned = planRotation(
            content,
            { ...schedule, algorithm, accessTokenTtlSeconds },
            now,
          )
          const keys = [...planned.keep]
          if (planned.make) {
            const kid = `k${count++}`
            keys.push(key(kid, planned.make.activatesAt, { algorithm, createdAt: now }))
            publishedAt.set(kid, now)
          }
          content = { keys, longestTokenTtlSeconds: planned.longestTokenTtlSeconds }
          // What is due was done: planning again changes nothing, except to retire what a first key replaced.
          const active = activeKey(keys, now)
          assert.ok(active)
          if (active.kid !== 'k0') {
            assert.ok(now - (publishedAt.get(active.kid) ?? now) >= schedule.leadMs)
          }
          tokens.push({ kid: active.kid, expiresAt: now + accessTokenTtlSeconds * second })
          for (const { kid } of tokens.filter(({ expiresAt }) => expiresAt > now)) {
            assert.ok(
              keys.some((each) => each.kid === kid),
              `${kid} is gone too early`,
            )
          }
          assert.ok(keys.length <= 6, `${keys.length} keys`)
          now += wait * minute
        }
      }),
    )
  })
})
