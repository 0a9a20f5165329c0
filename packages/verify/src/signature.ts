import { constants, createHmac, timingSafeEqual, verify, type KeyObject } from 'node:crypto'
import type { VerificationKey } from './keys.ts'

const SHA256_BYTES = 32
const P256_SCALAR_BYTES = 32
const ED25519_SIGNATURE_BYTES = 64

/** Whether the signature is the key's over the signing input (RFC 7515 §5.2). Never throws. */
export function isSignatureValid(
  { algorithm, key }: VerificationKey,
  signingInput: string,
  signature: Uint8Array,
): boolean {
  const data = Buffer.from(signingInput, 'latin1')
  try {
    switch (algorithm) {
      case 'HS256':
        return isHmacValid(key, data, signature)
      case 'ES256':
        return (
          isP256SignatureShape(signature) &&
          verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature)
        )
      case 'EdDSA':
        return (
          signature.length === ED25519_SIGNATURE_BYTES && verify(undefined, data, key, signature)
        )
      case 'RS256':
        return isModulusLong(key, signature) && verify('sha256', data, key, signature)
      case 'PS256':
        return isModulusLong(key, signature) && verify('sha256', data, pss(key), signature)
      default:
        return false
    }
  } catch {
    return false
  }
}

function isHmacValid(key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  return (
    signature.length === SHA256_BYTES &&
    timingSafeEqual(createHmac('sha256', key).update(data).digest(), signature)
  )
}

/**
 * RFC 7518 §3.4: r and s, 32 bytes each, so never DER. Neither may be zero: a verifier that
 * forgot this took a signature of zeros for anybody's (CVE-2022-21449).
 */
function isP256SignatureShape(signature: Uint8Array): boolean {
  return (
    signature.length === 2 * P256_SCALAR_BYTES &&
    signature.subarray(0, P256_SCALAR_BYTES).some((byte) => byte !== 0) &&
    signature.subarray(P256_SCALAR_BYTES).some((byte) => byte !== 0)
  )
}

/** RFC 8017 §8.1.2 and §8.2.2: a signature is exactly as long as the modulus. */
function isModulusLong(key: KeyObject, signature: Uint8Array): boolean {
  return signature.length === Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
}

/** RFC 7518 §3.5: MGF1 with the same hash, and a salt as long as the hash. */
function pss(key: KeyObject): { key: KeyObject; padding: number; saltLength: number } {
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SHA256_BYTES }
}
