// Signatures that are none, or are none in this form, each of which some verifier has taken.

import { constants, createHmac, type KeyObject, sign } from 'node:crypto'
import { signWith, type VectorKey } from '../vectors/vector-keys.ts'

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const P256_PRIME = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
const ED25519_ORDER = (1n << 252n) + 27_742_317_777_372_353_535_851_937_790_883_648_493n
const ED25519_PRIME = (1n << 255n) - 19n

/** Forged signatures over a text that the key has signed, and the true one first. */
export function signaturesOver(key: VectorKey, text: string): readonly Buffer[] {
  const good = signWith(key, key.alg, text)
  return [good, ...inOtherLengths(good), ...own(key, text, good)]
}

function own(key: VectorKey, text: string, good: Buffer): readonly Buffer[] {
  switch (key.alg) {
    case 'ES256':
      return p256(key, text, good)
    case 'EdDSA':
      return ed25519(good)
    case 'RS256':
    case 'PS256':
      return rsa(key, text, good)
    case 'HS256':
      return ['sha1', 'sha384', 'sha512'].flatMap((hash) => {
        const whole = createHmac(hash, key.privateKey).update(text).digest()
        return [whole, whole.subarray(0, 32)]
      })
    default:
      return []
  }
}

function inOtherLengths(good: Buffer): readonly Buffer[] {
  const one = Buffer.alloc(1)
  return [
    Buffer.alloc(0),
    Buffer.alloc(good.length),
    Buffer.alloc(good.length, 0xff),
    Buffer.concat([good, one]),
    Buffer.concat([one, good]),
    Buffer.concat([good, good]),
    good.subarray(1),
    good.subarray(0, -1),
    good.subarray(0, good.length / 2),
    good.toReversed(),
  ].map((bytes) => Buffer.from(bytes))
}

function p256(key: VectorKey, text: string, good: Buffer): readonly Buffer[] {
  const r = BigInt(`0x${good.toString('hex', 0, 32)}`)
  const s = BigInt(`0x${good.toString('hex', 32)}`)
  const numbers = [0n, 1n, P256_ORDER - 1n, P256_ORDER, P256_ORDER + 1n, P256_PRIME]
  const odd = numbers.flatMap((n) => [
    [n, s],
    [r, n],
    [n, n],
  ])
  const wide = Buffer.concat([
    Buffer.alloc(16),
    good.subarray(0, 32),
    Buffer.alloc(16),
    good.subarray(32),
  ])
  return [
    // The twin that every signature has, and which is as good.
    pair(r, P256_ORDER - s),
    pair(s, r),
    ...odd.map(([a = 0n, b = 0n]) => pair(a, b)),
    sign('sha256', Buffer.from(text), key.privateKey),
    sign('sha512', Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }),
    wide,
  ]
}

function ed25519(good: Buffer): readonly Buffer[] {
  const [r, s] = [good.subarray(0, 32), good.subarray(32)]
  const number = BigInt(`0x${Buffer.from(s.toReversed()).toString('hex')}`)
  // Points of small order, in their canonical spelling and in others (RFC 8032 §5.1.3).
  const points = [0n, 1n, ED25519_PRIME - 1n, ED25519_PRIME, ED25519_PRIME + 1n].flatMap((y) => [
    little(y),
    little(y | (1n << 255n)),
  ])
  const scalars = [0n, 1n, ED25519_ORDER, ED25519_ORDER - 1n, (1n << 256n) - 1n].map(little)
  return [
    ...[1n, 2n, 7n, 15n]
      .map((times) => number + times * ED25519_ORDER)
      .filter((other) => other < 1n << 256n)
      .map((other) => Buffer.concat([r, little(other)])),
    ...scalars.map((scalar) => Buffer.concat([r, scalar])),
    ...points.flatMap((point) => [s, ...scalars].map((scalar) => Buffer.concat([point, scalar]))),
  ]
}

function rsa(key: VectorKey, text: string, good: Buffer): readonly Buffer[] {
  const data = Buffer.from(text)
  const { n = '' } = key.publicKey.export({ format: 'jwk' })
  const modulus = BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`)
  const number = BigInt(`0x${good.toString('hex')}`)
  const size = good.length
  const padding = (kind: number, saltLength?: number, hash = 'sha256') =>
    signPadded(key.privateKey, data, kind, saltLength, hash)
  const { RSA_PKCS1_PADDING: pkcs1, RSA_PKCS1_PSS_PADDING: pss } = constants
  return [
    ...unreduced(key, text, modulus, size),
    ...[number + modulus, modulus - number, modulus, modulus - 1n, 1n].map((other) =>
      big(other, Math.max(size, Math.ceil(other.toString(16).length / 2))),
    ),
    padding(pkcs1),
    padding(pkcs1, undefined, 'sha1'),
    padding(pkcs1, undefined, 'sha512'),
    ...[0, 20, 31, 33, 64].map((salt) => padding(pss, salt)),
    padding(pss, 32, 'sha1'),
    padding(pss, 32, 'sha512'),
  ]
}

/**
 * A true signature and the modulus, in one number that is no longer than it should be. Seldom there is one; where signing
 * draws a salt, it is signed until there is.
 */
function unreduced(key: VectorKey, text: string, modulus: bigint, size: number): readonly Buffer[] {
  if (key.alg !== 'PS256') return []
  for (;;) {
    const signature = signWith(key, key.alg, text).toString('hex')
    const sum = BigInt(`0x${signature}`) + modulus
    if (sum < 1n << BigInt(8 * size)) return [big(sum, size)]
  }
}

function signPadded(
  key: KeyObject,
  data: Buffer,
  padding: number,
  saltLength: number | undefined,
  hash: string,
): Buffer {
  return sign(hash, data, { key, padding, ...(saltLength !== undefined && { saltLength }) })
}

function pair(r: bigint, s: bigint): Buffer {
  return Buffer.concat([big(r, 32), big(s, 32)])
}

function big(value: bigint, bytes: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * bytes, '0'), 'hex')
}

function little(value: bigint): Buffer {
  return Buffer.from(big(value, 32).toReversed())
}
