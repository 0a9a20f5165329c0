import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawDigits } from './digits.ts'
import { systemRandomness } from './randomness.ts'

function bytes(value: number): () => Buffer {
  return () => {
    const buffer = Buffer.alloc(4)
    buffer.writeUInt32BE(value)
    return buffer
  }
}

test('six digits are drawn of the whole range, and leading zeros stay', () => {
  assert.equal(drawDigits(bytes(7)), '000007')
  assert.equal(drawDigits(bytes(4_293_999_999)), '999999')
})

test('a draw that would favour some digits is made again', () => {
  const values = [4_294_967_295, 4_294_000_000, 123_456]
  const randomness = () => {
    const buffer = Buffer.alloc(4)
    buffer.writeUInt32BE(values.shift() ?? 0)
    return buffer
  }
  assert.equal(drawDigits(randomness), '123456')
  assert.deepEqual(values, [])
})

test('a thousand codes hardly ever repeat, and use every digit in every place', () => {
  const codes = Array.from({ length: 1_000 }, () => drawDigits(systemRandomness))
  assert.ok(new Set(codes).size > 980)
  for (let place = 0; place < 6; place++) {
    assert.equal(new Set(codes.map((code) => code[place])).size, 10)
  }
})
