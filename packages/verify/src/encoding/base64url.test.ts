import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeCanonicalBase64url } from './base64url.ts'

describe('decodeCanonicalBase64url', () => {
  test('decodes what Node encodes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = Buffer.from(bytes).toString('base64url')
        assert.deepEqual(decodeCanonicalBase64url(text), Uint8Array.from(bytes))
      }),
    )
  })

  test('knows one spelling of every content', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('')
    const ofTwo = alphabet.flatMap((a) => alphabet.map((b) => decodeCanonicalBase64url(a + b)))
    const decoded = ofTwo.filter((bytes) => bytes !== undefined).map((bytes) => bytes[0])
    assert.equal(decoded.length, 256)
    assert.equal(new Set(decoded).size, 256)
  })

  for (const text of [
    'AA==',
    'AAA=',
    'A',
    'AAAAA',
    'AB',
    'AAB',
    '+A',
    '/w',
    'A A',
    ' AA',
    'AA\n',
    'AA\0',
    'ÀA',
    'AA.',
    'ＡA',
  ]) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.equal(decodeCanonicalBase64url(text), undefined)
    })
  }
})
