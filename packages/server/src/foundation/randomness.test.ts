import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandomness } from './randomness.ts'

test('every draw is as long as asked for, new, and in memory of its own', () => {
  const draws = Array.from({ length: 200 }, () => systemRandomness(16))
  assert.ok(draws.every((bytes) => bytes.length === 16))
  assert.equal(new Set(draws.map((bytes) => bytes.toString('hex'))).size, draws.length)
  // Node's shared pool would leave old bytes beside what others allocate.
  assert.ok(draws.every((bytes) => bytes.buffer.byteLength === 16))
})

test('every bit of a draw is as often one as zero', () => {
  const bytes = systemRandomness(65_536)
  for (let bit = 0; bit < 8; bit++) {
    const ones = bytes.reduce((count, byte) => count + ((byte >>> bit) & 1), 0)
    // Eight standard deviations (128 each) around one half.
    assert.ok(Math.abs(ones - 32_768) < 8 * 128, `bit ${bit}: ${ones}`)
  }
})

test('draws of every length differ, also across refills of what is drawn ahead', () => {
  const lengths = [1, 10, 12, 16, 32, 63, 64, 65, 4_096]
  const draws = Array.from({ length: 900 }, (_, index) => systemRandomness(lengths[index % 9] ?? 0))
  draws.forEach((bytes, index) => assert.equal(bytes.length, lengths[index % 9]))
  const long = draws.filter((bytes) => bytes.length >= 10)
  assert.equal(new Set(long.map((bytes) => bytes.toString('hex', 0, 10))).size, long.length)
  // A draw from what was handed out already, and wiped, would be zeros.
  assert.ok(long.every((bytes) => bytes.some((byte) => byte !== 0)))
})
