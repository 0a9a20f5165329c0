import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createTestClock, createTestRandomness } from './deterministic.fixture.ts'
import { createIdSource, decodeId, encodeId, isId } from './ids.ts'

const sixteenBytes = fc.uint8Array({ minLength: 16, maxLength: 16 })

describe('an id', () => {
  test('has 26 characters that stand for 16 bytes, both ways', () => {
    fc.assert(
      fc.property(sixteenBytes, (bytes) => {
        const id = encodeId(bytes)
        assert.equal(id.length, 26)
        assert.ok(isId(id))
        assert.deepEqual(decodeId(id), Buffer.from(bytes))
      }),
    )
  })

  test('sorts as its bytes do', () => {
    fc.assert(
      fc.property(sixteenBytes, sixteenBytes, (a, b) => {
        const byBytes = Buffer.compare(a, b)
        const byText = encodeId(a) < encodeId(b) ? -1 : encodeId(a) > encodeId(b) ? 1 : 0
        assert.equal(byText, byBytes)
      }),
    )
  })

  test('has one spelling: what isId accepts, encoding gives again', () => {
    const almostIds = fc.string({
      unit: fc.constantFrom(...'0123456789abcdefghijklmnopqrstuvwxyzABV-'),
      minLength: 24,
      maxLength: 28,
    })
    fc.assert(
      fc.property(almostIds, (text) => {
        if (isId(text)) assert.equal(encodeId(decodeId(text)), text)
      }),
    )
    const id = encodeId(Buffer.alloc(16, 0xff))
    assert.equal(id, 'vvvvvvvvvvvvvvvvvvvvvvvvvs')
    for (const other of ['vvvvvvvvvvvvvvvvvvvvvvvvvt', id.toUpperCase(), `${id} `, `\n${id}`, '']) {
      assert.equal(isId(other), false, JSON.stringify(other))
    }
  })
})

describe('an id source', () => {
  test('takes 48 bits of the time and 80 of chance, and nothing else', () => {
    const newId = createIdSource(
      () => 0x0123_4567_89ab,
      (length) => Buffer.alloc(length, 0xfe),
    )
    assert.equal(decodeId(newId()).toString('hex'), `0123456789ab${'fe'.repeat(10)}`)
  })

  test('gives ids in the order of time', () => {
    const clock = createTestClock()
    const newId = createIdSource(clock, createTestRandomness())
    const ids = Array.from({ length: 50 }, () => {
      clock.advance(1)
      return newId()
    })
    assert.deepEqual(ids.toSorted(), ids)
  })

  test('gives no id twice at one moment: 80 bits of each are random', () => {
    const newId = createIdSource(() => 1_700_000_000_000, createTestRandomness())
    const ids = new Set(Array.from({ length: 10_000 }, newId))
    assert.equal(ids.size, 10_000)
    const tails = [...ids].map((id) => decodeId(id).subarray(6))
    assert.ok(tails.every((tail) => tail.length === 10))
    assert.equal(new Set([...ids].map((id) => decodeId(id).readUIntBE(0, 6))).size, 1)
  })
})
