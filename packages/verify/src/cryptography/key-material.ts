import { decodeCanonicalBase64url } from '../encoding/base64url.ts'
import { type Algorithm, findTraitMismatch } from './keys.ts'

/**
 * Public keys by their numbers. Platforms differ in which they take: some import points that are on no curve, some round
 * the length of a modulus up, and some accept anybody's signature under an Ed25519 key of small order. So the numbers are
 * looked at here, once, before a platform sees them.
 */

const COORDINATE_BYTES = 32

/** SEC 2 §2.4.2. */
const P256_PRIME = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n
const P256_B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn

/** RFC 8032 §5.1. */
const ED25519_PRIME = 2n ** 255n - 19n
const ED25519_D =
  37_095_705_934_669_439_343_138_083_508_754_565_189_542_113_879_843_219_016_388_785_533_085_940_283_555n
const SIGN_BIT = 2n ** 255n

/** The members of a JWK that are numbers, in base64url (RFC 7518 §6). */
interface KeyNumbers {
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
}

/** What is wrong with a key of these numbers; undefined when nothing is. */
export function findMaterialMismatch(
  algorithm: Algorithm,
  material: KeyNumbers,
): string | undefined {
  switch (algorithm) {
    case 'ES256':
      return isOnP256(bytesOf(material.x), bytesOf(material.y))
        ? undefined
        : '"x" and "y" are no point of P-256'
    case 'EdDSA':
      return isEd25519Key(bytesOf(material.x)) ? undefined : '"x" is no point of Ed25519 to sign by'
    case 'RS256':
    case 'PS256': {
      const [modulus, exponent] = [toNumber(bytesOf(material.n)), toNumber(bytesOf(material.e))]
      const bits = modulus.toString(2).length
      return modulus % 2n === 0n
        ? '"n" is even'
        : findTraitMismatch(algorithm, { kind: 'RSA', bits, exponent })
    }
    default:
      // A secret may be any bytes; how many is asked of the key.
      return undefined
  }
}

/** RFC 7518 §6.2.1.2: both of full length. NIST SP 800-186 §D.1.1: reduced, and on the curve. */
function isOnP256(xBytes: Uint8Array, yBytes: Uint8Array): boolean {
  if (xBytes.length !== COORDINATE_BYTES || yBytes.length !== COORDINATE_BYTES) return false
  const [x, y] = [toNumber(xBytes), toNumber(yBytes)]
  if (x >= P256_PRIME || y >= P256_PRIME) return false
  return (y * y - (x * x * x - 3n * x + P256_B)) % P256_PRIME === 0n
}

/**
 * RFC 8032 §5.1.3, and not of small order: under such a key there are signatures that hold for any text, so that
 * whoever knows them can sign.
 */
function isEd25519Key(bytes: Uint8Array): boolean {
  if (bytes.length !== COORDINATE_BYTES) return false
  const y = toNumber(bytes.toReversed()) % SIGN_BIT
  if (y >= ED25519_PRIME) return false
  // x² = over / under, which is a square other than 0 when their product is one (Euler).
  const over = y * y - 1n
  const under = ED25519_D * y * y + 1n
  const isOnCurve = power(over * under, (ED25519_PRIME - 1n) / 2n, ED25519_PRIME) === 1n
  // Order 1 and 2: x is 0, which is no such square. Order 4: y is 0. Order 8: twice the point has y = 0, so x² = −y².
  const isOfOrder8 = (over + y * y * under) % ED25519_PRIME === 0n
  return isOnCurve && y !== 0n && !isOfOrder8
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  let factor = ((base % modulus) + modulus) % modulus
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest % 2n === 1n) result = (result * factor) % modulus
    factor = (factor * factor) % modulus
  }
  return result
}

function bytesOf(text = ''): Uint8Array {
  return decodeCanonicalBase64url(text) ?? new Uint8Array()
}

function toNumber(bytes: Uint8Array): bigint {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return BigInt(`0x0${hex}`)
}
