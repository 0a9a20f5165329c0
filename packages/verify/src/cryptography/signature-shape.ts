import type { Algorithm } from './keys.ts'

const SHA256_BYTES = 32
const P256_SCALAR_BYTES = 32
const ED25519_SIGNATURE_BYTES = 64

/** The modulus of an RSA key, big-endian; its length alone where a platform keeps the number to itself. */
export interface RsaModulus {
  readonly bits: number
  readonly number: Uint8Array | undefined
}

/**
 * Whether a signature has the one form of its algorithm, whatever a platform would forgive.
 *
 * @param modulusOf an RSA key; asked only then, because platforms take their time to answer
 */
export function hasSignatureShape(
  algorithm: Algorithm,
  signature: Uint8Array,
  modulusOf: () => RsaModulus,
): boolean {
  switch (algorithm) {
    case 'HS256':
      return signature.length === SHA256_BYTES
    case 'ES256':
      return isP256SignatureShape(signature)
    case 'EdDSA':
      return signature.length === ED25519_SIGNATURE_BYTES
    case 'RS256':
    case 'PS256':
      return isRsaSignatureShape(signature, modulusOf())
    default:
      return false
  }
}

/**
 * RFC 7518 §3.4: r and s, 32 bytes each, so never DER. Neither may be zero: a verifier that
 * forgot this took a signature of zeros for anybody's (CVE-2022-21449).
 */
function isP256SignatureShape(signature: Uint8Array): boolean {
  return (
    signature.length === 2 * P256_SCALAR_BYTES &&
    !isZero(signature, 0, P256_SCALAR_BYTES) &&
    !isZero(signature, P256_SCALAR_BYTES, 2 * P256_SCALAR_BYTES)
  )
}

/**
 * RFC 8017 §8.1.2 and §8.2.2: exactly as long as the modulus. §5.2.2: and less than it. Deno takes the sum of both for
 * the signature, which would give it a second spelling.
 */
function isRsaSignatureShape(signature: Uint8Array, { bits, number }: RsaModulus): boolean {
  if (signature.length !== Math.ceil(bits / 8)) return false
  return number === undefined || isLess(signature, number)
}

/** Of two numbers of one length, the highest byte first. */
function isLess(one: Uint8Array, other: Uint8Array): boolean {
  const at = one.findIndex((byte, index) => byte !== other[index])
  return at !== -1 && (one[at] ?? 0) < (other[at] ?? 0)
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false
  return true
}
