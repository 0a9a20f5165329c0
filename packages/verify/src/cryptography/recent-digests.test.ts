import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { createRecentDigests, type Digest, type RecentDigests } from './recent-digests.ts'

const wordsOf = (bytes: Uint8Array): Digest => new Int32Array(Uint8Array.from(bytes).buffer)

const digestOf = (text: string | number): Digest =>
  wordsOf(createHash('sha256').update(`${text}`).digest())

function countKnown(digests: RecentDigests, from: number, to: number): number {
  let known = 0
  for (let number = from; number < to; number++) if (digests.has(digestOf(number))) known++
  return known
}

describe('recent digests', () => {
  test('are all there up to half of the size, and none that was not added', () => {
    const digests = createRecentDigests(10_000)
    for (let number = 0; number < 5000; number++) digests.add(digestOf(number))
    assert.equal(countKnown(digests, 0, 5000), 5000)
    assert.equal(countKnown(digests, 5000, 50_000), 0)
  })

  test('are never more than the size, the newest half among them', () => {
    const digests = createRecentDigests(1000)
    for (let number = 0; number < 20_250; number++) digests.add(digestOf(number))
    assert.equal(countKnown(digests, 19_750, 20_250), 500)
    assert.ok(countKnown(digests, 0, 19_250) === 0)
  })

  test('that are added twice take one place', () => {
    const digests = createRecentDigests(4)
    digests.add(digestOf('first'))
    for (let time = 0; time < 10; time++) digests.add(digestOf('second'))
    assert.equal(digests.has(digestOf('first')), true)
  })

  test('are told apart by every one of their bits', () => {
    const digests = createRecentDigests(10)
    const digest = digestOf('one')
    digests.add(digest)
    for (let bit = 0; bit < 256; bit++) {
      const other = Int32Array.from(digest)
      other[bit >> 5] = (other[bit >> 5] ?? 0) ^ (1 << (bit & 31))
      assert.equal(digests.has(other), false, `bit ${bit}`)
    }
    assert.equal(digests.has(digest), true)
  })

  test('that begin alike stand beside each other', () => {
    const digests = createRecentDigests(16)
    const alike = Array.from({ length: 8 }, (_, last) =>
      wordsOf(Buffer.alloc(32, 7).fill(last, 31)),
    )
    for (const digest of alike) digests.add(digest)
    for (const digest of alike) assert.equal(digests.has(digest), true)
    assert.equal(digests.has(wordsOf(Buffer.alloc(32, 7).fill(8, 31))), false)
  })

  test('of zeros are not remembered, and found by nobody', () => {
    const digests = createRecentDigests(4)
    digests.add(wordsOf(Buffer.alloc(32)))
    assert.equal(digests.has(wordsOf(Buffer.alloc(32))), false)
  })
})
