import type { KeyObject } from 'node:crypto'

/** The signature algorithms there are (RFC 7518 §3.1, RFC 8037 §3.1). `none` is not one. */
export type Algorithm = 'ES256' | 'EdDSA' | 'RS256' | 'PS256' | 'HS256'

/** A key and the one algorithm it may be used with (RFC 8725 §3.1). */
export interface VerificationKey {
  kid: string
  algorithm: Algorithm
  /** A public key, or for HS256 a secret key. */
  key: KeyObject
}

const MIN_RSA_BITS = 3072
const MIN_RSA_EXPONENT = 65_537n
const MIN_SECRET_BYTES = 32

/** The algorithm each key was found fit for: asking OpenSSL on every token costs too much. */
const fitFor = new WeakMap<KeyObject, Algorithm>()

/**
 * Whether the key may be used at all: of the kind and strength its algorithm needs. Guards
 * against look-ups that hand out, say, a public key as an HS256 secret (RFC 8725 §2.1).
 */
export function isFitForAlgorithm({ algorithm, key }: VerificationKey): boolean {
  if (fitFor.get(key) === algorithm) return true
  if (findKeyMismatch(algorithm, key) !== undefined) return false
  fitFor.set(key, algorithm)
  return true
}

/** What is wrong with using this key for this algorithm; undefined when it fits. */
export function findKeyMismatch(algorithm: Algorithm, key: KeyObject): string | undefined {
  if (algorithm === 'HS256') return findSecretMismatch(key)
  if (key.type !== 'public') return `${algorithm} needs a public key`
  switch (algorithm) {
    case 'ES256':
      return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1'
        ? undefined
        : 'ES256 needs an EC key on the curve P-256'
    case 'EdDSA':
      return key.asymmetricKeyType === 'ed25519' ? undefined : 'EdDSA needs an Ed25519 key'
    case 'RS256':
    case 'PS256':
      return findRsaMismatch(algorithm, key)
    default:
      return 'the algorithm is unknown'
  }
}

/** RFC 7518 §3.2: at least as long as the hash. */
function findSecretMismatch(key: KeyObject): string | undefined {
  if (key.type !== 'secret') return 'HS256 needs a secret key'
  return (key.symmetricKeySize ?? 0) < MIN_SECRET_BYTES
    ? `HS256 needs a secret of at least ${MIN_SECRET_BYTES} bytes`
    : undefined
}

function findRsaMismatch(algorithm: Algorithm, key: KeyObject): string | undefined {
  if (key.asymmetricKeyType !== 'rsa') return `${algorithm} needs an RSA key`
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (modulusLength < MIN_RSA_BITS) return `${algorithm} needs at least ${MIN_RSA_BITS} bits`
  return publicExponent < MIN_RSA_EXPONENT || publicExponent % 2n === 0n
    ? `${algorithm} needs an odd exponent of at least ${MIN_RSA_EXPONENT}`
    : undefined
}
