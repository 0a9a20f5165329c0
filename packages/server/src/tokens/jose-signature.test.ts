import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { test } from 'node:test'
import { toJoseSignature } from './jose-signature.ts'

const number = (...bytes: number[]): string =>
  Buffer.concat([Buffer.alloc(32 - bytes.length), Buffer.from(bytes)]).toString('hex')

test('numbers keep their value, however short or long their encoding is', () => {
  const top = Buffer.alloc(32, 0xff)
  const cases = [
    { der: [0x02, 1, 0x01, 0x02, 1, 0x7f], jose: number(0x01) + number(0x7f) },
    { der: [0x02, 2, 0x00, 0x80, 0x02, 2, 0x01, 0x00], jose: number(0x80) + number(0x01, 0x00) },
    { der: [0x02, 33, 0x00, ...top, 0x02, 1, 0x05], jose: top.toString('hex') + number(0x05) },
    { der: [0x02, 1, 0x05, 0x02, 33, 0x00, ...top], jose: number(0x05) + top.toString('hex') },
  ]
  for (const { der, jose } of cases) {
    const signature = toJoseSignature(Uint8Array.from([0x30, der.length, ...der]))
    assert.equal(signature.toString('hex'), jose)
  }
})

// One number in 128 is shorter than 32 bytes, and every second one needs a zero in front.
test("a thousand signatures verify in Node's own JOSE encoding", () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  for (let count = 0; count < 1_000; count++) {
    const data = Buffer.from(`message ${count}`)
    const signature = toJoseSignature(sign('sha256', data, privateKey))
    const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
    assert.equal(verify('sha256', data, key, signature), true)
  }
})
