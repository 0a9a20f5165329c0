import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { toDerSignature } from './der-signature.ts'

/** A number as X.690 §8.3 has it, written the slow way. */
function integerOf(bytes: Uint8Array): string {
  const digits = BigInt(`0x${Buffer.from(bytes).toString('hex')}`).toString(16)
  const whole = digits.length % 2 === 0 ? digits : `0${digits}`
  const positive = Number.parseInt(whole.slice(0, 2), 16) >= 0x80 ? `00${whole}` : whole
  return `02${(positive.length / 2).toString(16).padStart(2, '0')}${positive}`
}

const numbers = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  // Leading zeros, and first bits of both kinds behind them.
  fc
    .tuple(fc.integer({ min: 0, max: 32 }), fc.uint8Array({ minLength: 32, maxLength: 32 }))
    .map(([zeros, bytes]) => bytes.fill(0, 0, zeros)),
)

describe('an ECDSA signature in DER', () => {
  test('has both numbers as short as they can be', () => {
    fc.assert(
      fc.property(numbers, numbers, (r, s) => {
        const inside = integerOf(r) + integerOf(s)
        const expected = `30${(inside.length / 2).toString(16).padStart(2, '0')}${inside}`
        const der = toDerSignature(Buffer.concat([r, s]))
        assert.equal(Buffer.from(der).toString('hex'), expected)
      }),
      { numRuns: 2000 },
    )
  })

  test('holds where the signature of a JWS holds, a thousand times', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    for (let count = 0; count < 1000; count++) {
      const data = Buffer.from(`text ${count}`)
      const signature = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
      assert.ok(verify('sha256', data, publicKey, toDerSignature(signature)))
    }
  })
})
