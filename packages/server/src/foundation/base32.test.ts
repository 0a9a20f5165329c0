import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base32, base32Hex, encodeBase32 } from './base32.ts'

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
    assert.equal(encodeBase32(Buffer.from(text), base32), encoded)
  }
  const all = Buffer.from(Array.from({ length: 255 }, (_, index) => index))
  const bits = [...all].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const read = [...encodeBase32(all, base32)].map((letter) =>
    base32.indexOf(letter).toString(2).padStart(5, '0'),
  )
  assert.equal(read.join(''), bits)
})

test('base32 with the digits that sort is that of RFC 4648 section 10, in lower case', () => {
  const vectors = {
    '': '',
    f: 'co',
    fo: 'cpng',
    foo: 'cpnmu',
    foob: 'cpnmuog',
    foobar: 'cpnmuoj1e8',
  }
  for (const [text, encoded] of Object.entries(vectors)) {
    assert.equal(encodeBase32(Buffer.from(text), base32Hex), encoded)
  }
})
