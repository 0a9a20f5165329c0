import type { Algorithm } from './keys.ts'

const SHA256_BYTES = 32
const P256_SCALAR_BYTES = 32
const ED25519_SIGNATURE_BYTES = 64

/**
 * Whether a signature has the one form of its algorithm, whatever a platform would forgive.
 *
 * @param modulusBits of an RSA key; asked only then, because platforms take their time to answer
 */
export function hasSignatureShape(
  algorithm: Algorithm,
  signature: Uint8Array,
  modulusBits: () => number,
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
      // RFC 8017 §8.1.2 and §8.2.2: exactly as long as the modulus.
      return signature.length === Math.ceil(modulusBits() / 8)
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

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false
  return true
}
