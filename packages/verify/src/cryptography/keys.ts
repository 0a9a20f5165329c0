/** The signature algorithms there are (RFC 7518 §3.1, RFC 8037 §3.1). `none` is not one. */
export type Algorithm = 'ES256' | 'EdDSA' | 'RS256' | 'PS256' | 'HS256'

/** A key and the one algorithm it may be used with (RFC 8725 §3.1). */
export interface VerificationKey<Key> {
  kid: string
  algorithm: Algorithm
  /** A public key, or for HS256 a secret key. */
  key: Key
}

/** Finds the key that a token's `kid` names. */
export type KeyLookup<Key> = (kid: string) => VerificationKey<Key> | undefined

/** What a platform's own key object tells about itself. */
export type KeyTraits =
  | { kind: 'secret'; bytes: number }
  | { kind: 'P-256' }
  | { kind: 'Ed25519' }
  | { kind: 'RSA'; bits: number; exponent: bigint }
  | { kind: 'other' }

const MIN_RSA_BITS = 3072
const MIN_RSA_EXPONENT = 65_537n
const MIN_SECRET_BYTES = 32

/** What is wrong with using such a key for this algorithm; undefined when it fits. */
export function findTraitMismatch(algorithm: Algorithm, traits: KeyTraits): string | undefined {
  switch (algorithm) {
    case 'HS256':
      // RFC 7518 §3.2: at least as long as the hash.
      if (traits.kind !== 'secret') return 'HS256 needs a secret key'
      return traits.bytes < MIN_SECRET_BYTES
        ? `HS256 needs a secret of at least ${MIN_SECRET_BYTES} bytes`
        : undefined
    case 'ES256':
      return traits.kind === 'P-256' ? undefined : 'ES256 needs an EC key on the curve P-256'
    case 'EdDSA':
      return traits.kind === 'Ed25519' ? undefined : 'EdDSA needs an Ed25519 key'
    case 'RS256':
    case 'PS256':
      return findRsaMismatch(algorithm, traits)
    default:
      return 'the algorithm is unknown'
  }
}

function findRsaMismatch(algorithm: Algorithm, traits: KeyTraits): string | undefined {
  if (traits.kind !== 'RSA') return `${algorithm} needs an RSA key`
  if (traits.bits < MIN_RSA_BITS) return `${algorithm} needs at least ${MIN_RSA_BITS} bits`
  return traits.exponent < MIN_RSA_EXPONENT || traits.exponent % 2n === 0n
    ? `${algorithm} needs an odd exponent of at least ${MIN_RSA_EXPONENT}`
    : undefined
}
