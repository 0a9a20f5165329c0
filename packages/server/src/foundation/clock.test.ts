import assert from 'node:assert/strict'
import { test } from 'node:test'
import { day, hour, minute, second, systemClock, toNumericDate, toTimestamp } from './clock.ts'

test('a NumericDate is whole seconds, rounded down, also before 1970', () => {
  assert.equal(toNumericDate(1_999), 1)
  assert.equal(toNumericDate(2_000), 2)
  assert.equal(toNumericDate(-1), -1)
})

test('a timestamp is RFC 3339 in UTC with milliseconds', () => {
  assert.equal(toTimestamp(Date.UTC(2026, 1, 3, 4, 5, 6, 7)), '2026-02-03T04:05:06.007Z')
})

test('the units are milliseconds', () => {
  assert.deepEqual([second, minute, hour, day], [1_000, 60_000, 3_600_000, 86_400_000])
})

test('the system clock is the time of the system', () => {
  const before = Date.now()
  const now = systemClock()
  assert.ok(now >= before && now <= Date.now())
})
