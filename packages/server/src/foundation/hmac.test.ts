import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { createMac } from './hmac.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

// RFC 4231 sections 4.2 to 4.5; the later cases have keys of 131 bytes, or are cut.
const vectors = [
  {
    key: Buffer.alloc(20, 0x0b),
    message: bytes('Hi There'),
    mac: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  },
  {
    key: bytes('Jefe'),
    message: bytes('what do ya want for nothing?'),
    mac: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  },
  {
    key: Buffer.alloc(20, 0xaa),
    message: Buffer.alloc(50, 0xdd),
    mac: '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
  },
  {
    key: Buffer.from(Array.from({ length: 25 }, (_, index) => index + 1)),
    message: Buffer.alloc(50, 0xcd),
    mac: '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
  },
]

test('the codes are those of RFC 4231', () => {
  for (const { key, message, mac } of vectors) {
    assert.equal(Buffer.from(createMac(key)(message), 'base64url').toString('hex'), mac)
  }
})

test("every code is that of Node's own HMAC, whatever was computed before", () => {
  const key = fc.uint8Array({ maxLength: 64 })
  const messages = fc.array(fc.uint8Array({ maxLength: 300, size: 'max' }), {
    minLength: 1,
    maxLength: 4,
  })
  fc.assert(
    fc.property(key, messages, (secret, texts) => {
      const mac = createMac(secret)
      for (const text of texts) {
        assert.equal(mac(text), createHmac('sha256', secret).update(text).digest('base64url'))
      }
    }),
  )
})

test('parts give the code of what they are together', () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 120, size: 'max' }),
    fc.string({ unit: 'binary', maxLength: 60, size: 'max' }),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
      const expected = createHmac('sha256', 'key')
      for (const each of parts) expected.update(each)
      assert.equal(createMac(bytes('key'))(...parts), expected.digest('base64url'))
    }),
  )
})

test('a key that would have to be hashed first is refused', () => {
  assert.throws(() => createMac(Buffer.alloc(65)), RangeError)
})
