import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseRateLimit } from './rate-limits.ts'

describe('a rate limit', () => {
  test('is a count and a duration', () => {
    assert.deepEqual(parseRateLimit('100/15m'), { count: 100, windowSeconds: 900 })
    assert.deepEqual(parseRateLimit(' 1/60 '), { count: 1, windowSeconds: 60 })
    assert.deepEqual(parseRateLimit('0/1s'), { count: 0, windowSeconds: 1 })
  })

  test('is nothing else, above all not one without a window or without an end', () => {
    const others = ['', '100', '/', '100/', '/15m', '100/0', '100/0s', '-1/1m', '1.5/1m', '1e3/1m']
    for (const text of [...others, '100/15m/2', 'Infinity/1m', '100 15m', 'off', 'false']) {
      assert.equal(parseRateLimit(text), undefined, text)
    }
  })
})
