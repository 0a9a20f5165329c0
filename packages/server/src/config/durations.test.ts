import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseDuration } from './durations.ts'

describe('a duration', () => {
  test('is seconds, or a number with a unit', () => {
    const written: [string, number][] = [
      ['30', 30],
      ['30s', 30],
      ['15m', 900],
      ['12h', 43_200],
      ['7d', 604_800],
      ['2w', 1_209_600],
      [' 15m ', 900],
      ['0', 0],
      ['999999999', 999_999_999],
    ]
    for (const [text, seconds] of written) assert.equal(parseDuration(text), seconds, text)
  })

  test('is nothing else', () => {
    const others = ['', 'm', '15M', '1.5h', '-1', '+1', '1h30m', '15 m', '1e3', '0x10', '1y']
    for (const text of [...others, '1000000000', '15m\n15m', '١٥m']) {
      assert.equal(parseDuration(text), undefined, text)
    }
  })

  test('is exact for every number and unit', () => {
    const units = fc.constantFrom(['s', 1], ['m', 60], ['h', 3600], ['d', 86_400], ['w', 604_800])
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999 }), units, (count, [unit, seconds]) => {
        assert.equal(parseDuration(`${count}${unit}`), count * seconds)
      }),
    )
  })
})
