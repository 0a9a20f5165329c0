import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pairedRatio, percentile, spreadOf } from './statistics.ts'

test('the median of an odd number of values is the middle one, of an even number the mean of two', () => {
  assert.deepEqual(spreadOf([9, 1, 5]), { median: 5, lowest: 1, highest: 9 })
  assert.deepEqual(spreadOf([4, 1, 3, 100]), { median: 3.5, lowest: 1, highest: 100 })
  assert.deepEqual(spreadOf([7]), { median: 7, lowest: 7, highest: 7 })
})

test('values are sorted as numbers and left as they were', () => {
  const values = [10, 9, 100]
  assert.equal(spreadOf(values).median, 10)
  assert.deepEqual(values, [10, 9, 100])
})

test('no values have no median', () => {
  assert.throws(() => spreadOf([]), RangeError)
})

test('a ratio is taken within each pair, so a machine that slows down for both does not move it', () => {
  const ratio = pairedRatio([50, 5, 500], [100, 10, 1000])
  assert.deepEqual(ratio, { median: 0.5, lowest: 0.5, highest: 0.5 })
})

test('one disturbed pair of three does not move the median of the ratios', () => {
  const { median, lowest } = pairedRatio([80, 10, 84], [100, 100, 100])
  assert.equal(median, 0.8)
  assert.equal(lowest, 0.1)
})

test('a side without its partner is a mistake of the bench', () => {
  assert.throws(() => pairedRatio([1, 2], [1]), RangeError)
})

test('a percentile is the smallest value that so many do not exceed', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
  assert.equal(percentile(hundred, 50), 50)
  assert.equal(percentile(hundred, 99), 99)
  assert.equal(percentile([3, 1, 2], 99), 3)
  assert.equal(percentile([3], 1), 3)
  assert.throws(() => percentile([], 50), RangeError)
})
