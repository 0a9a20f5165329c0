import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeByTable, decodeCanonicalBase64url } from './base64url.ts'

const decoders = { 'by Buffer': decodeCanonicalBase64url, 'by table': decodeByTable }

for (const [how, decode] of Object.entries(decoders)) {
  describe(`base64url ${how}`, () => {
    test('decodes what Node encodes', () => {
      fc.assert(
        fc.property(fc.uint8Array(), (bytes) => {
          const text = Buffer.from(bytes).toString('base64url')
          assert.deepEqual(Uint8Array.from(decode(text) ?? []), Uint8Array.from(bytes))
        }),
      )
    })

    test('knows one spelling of every content', () => {
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('')
      const ofTwo = alphabet.flatMap((a) => alphabet.map((b) => decode(a + b)))
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
      // Cut to eight bits, its code is that of an A.
      'AŁ',
      'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAŁ',
    ]) {
      test(`refuses ${JSON.stringify(text)}`, () => {
        assert.equal(decode(text), undefined)
      })
    }
  })
}

test('both ways of decoding agree on every text', () => {
  const character = fc.constantFrom(...'AQgw-_+/= \nÀŁ'.split(''))
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 9 }), (text) => {
      const one = decodeCanonicalBase64url(text)
      const other = decodeByTable(text)
      assert.deepEqual(one && [...one], other && [...other])
    }),
    { numRuns: 5000 },
  )
})
