import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashesAtOnce } from './hashes-at-once.ts'

test('every core hashes, and a thread is left for the disk', () => {
  assert.equal(hashesAtOnce(1, undefined), 2)
  assert.equal(hashesAtOnce(2, undefined), 3)
  assert.equal(hashesAtOnce(8, undefined), 3)
  assert.equal(hashesAtOnce(8, '11'), 9)
  assert.equal(hashesAtOnce(8, '9'), 8)
})

test('there is always one, whatever the size of the pool is said to be', () => {
  assert.equal(hashesAtOnce(8, '1'), 1)
  assert.equal(hashesAtOnce(8, '0'), 3)
  assert.equal(hashesAtOnce(2, 'many'), 3)
})
