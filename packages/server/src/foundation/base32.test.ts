import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBase32 } from './base32.ts'

test('base32 is that of RFC 4648 section 10, without padding', () => {
  const vectors = {
    '': '',
    f: 'MY',
    fo: 'MZXQ',
    foo: 'MZXW6',
    foob: 'MZXW6YQ',
    fooba: 'MZXW6YTB',
    foobar: 'MZXW6YTBOI',
  }
  for (const [text, encoded] of Object.entries(vectors)) {
    assert.equal(encodeBase32(Buffer.from(text)), encoded)
  }
  const all = Buffer.from(Array.from({ length: 255 }, (_, index) => index))
  const bits = [...all].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const read = [...encodeBase32(all)].map((letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  )
  assert.equal(read.join(''), bits)
})
