import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { decodeCanonicalBase64url } from './base64url.ts'
import { isJsonObject } from './json-object.ts'
import { findKeyMismatch, type Algorithm, type VerificationKey } from './keys.ts'

/** A JWK that verifies signatures (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). */
export interface VerificationJwk {
  kty?: string
  kid?: string
  alg?: string
  use?: string
  key_ops?: string[]
  crv?: string
  x?: string
  y?: string
  n?: string
  e?: string
  k?: string
}

/** Finds the key that a token's `kid` names. */
export type KeyLookup = (kid: string) => VerificationKey | undefined

type UnderstoodJwk = VerificationJwk & { kid: string; alg: Algorithm }

/** RFC 7518 §6.2.2 and §6.3.2, RFC 8037 §2: whoever holds one of these can sign, too. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']

const KEY_TYPES: Readonly<Record<Algorithm, { kty: string; crv?: string }>> = {
  ES256: { kty: 'EC', crv: 'P-256' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  RS256: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  HS256: { kty: 'oct' },
}

/**
 * Makes a verification key of a JWK. It needs `kid`, and `alg` to fit the key: ES256 on P-256,
 * EdDSA on Ed25519, RS256 and PS256 with at least 3072 bits, HS256 with at least 32 bytes.
 *
 * Throws a TypeError that names the mend for any other key, and for one with private members.
 */
export function importVerificationKey(jwk: VerificationJwk): VerificationKey {
  if (!isJsonObject(jwk)) throw new TypeError('A verification key must be a JWK object.')
  const { kid, alg } = jwk
  if (typeof kid !== 'string' || kid === '') {
    throw new TypeError('The JWK has no "kid": give the key the id that tokens name it by.')
  }
  const name = JSON.stringify(kid)
  if (!isAlgorithm(alg)) {
    throw new TypeError(
      `The JWK ${name} must have "alg" set to one of ${Object.keys(KEY_TYPES).join(', ')}.`,
    )
  }
  if (!isForSignatures(jwk)) {
    throw new TypeError(
      `The JWK ${name} is not for verifying: "use" must be "sig" and "key_ops" include "verify", or be absent.`,
    )
  }
  if (PRIVATE_MEMBERS.some((member) => Object.hasOwn(jwk, member))) {
    throw new TypeError(
      `The JWK ${name} holds a private key: give the verifier its public part only.`,
    )
  }
  const key = alg === 'HS256' ? createSecret(jwk, name) : createPublic(jwk, alg, name)
  const mismatch = findKeyMismatch(alg, key)
  if (mismatch !== undefined) throw new TypeError(`The JWK ${name} cannot be used: ${mismatch}.`)
  return { kid, algorithm: alg, key }
}

/**
 * Makes a look-up of a JWK Set. Entries this package does not understand (another `kty`, `crv`,
 * `alg` or `use`, or without `kid` or `alg`) are ignored, as RFC 7517 §5 asks.
 *
 * Throws a TypeError when a `kid` stands twice, when an entry is understood but unfit (too short,
 * not on its curve, or with private or secret members), and when no usable key is left.
 */
export function importJwks(jwks: { keys: readonly VerificationJwk[] }): KeyLookup {
  if (!isJsonObject(jwks) || !Array.isArray(jwks.keys)) {
    throw new TypeError('A JWK Set must be an object with an array "keys".')
  }
  const keys = new Map<string, VerificationKey>()
  for (const jwk of jwks.keys.filter(isUnderstood)) {
    const name = JSON.stringify(jwk.kid)
    if (jwk.alg === 'HS256') {
      throw new TypeError(
        `The JWK Set holds the secret key ${name}: a set is public, so replace that secret and pass the new one to importVerificationKey.`,
      )
    }
    if (keys.has(jwk.kid)) {
      throw new TypeError(`The JWK Set has the "kid" ${name} twice: give each key its own.`)
    }
    keys.set(jwk.kid, importVerificationKey(jwk))
  }
  if (keys.size === 0) {
    throw new TypeError(
      'The JWK Set has no usable key: one needs "kid", and "alg" ES256, EdDSA, RS256 or PS256.',
    )
  }
  return (kid) => keys.get(kid)
}

function isUnderstood(jwk: unknown): jwk is UnderstoodJwk {
  if (!isJsonObject(jwk)) return false
  const { kid, alg, kty, crv } = jwk
  if (typeof kid !== 'string' || kid === '' || !isAlgorithm(alg)) return false
  return isKeyTypeFor(alg, kty, crv) && isForSignatures(jwk)
}

function isAlgorithm(alg: unknown): alg is Algorithm {
  return typeof alg === 'string' && Object.hasOwn(KEY_TYPES, alg)
}

function isForSignatures(jwk: { use?: unknown; key_ops?: unknown }): boolean {
  const { use, key_ops: operations } = jwk
  if (use !== undefined && use !== 'sig') return false
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'))
}

function isKeyTypeFor(algorithm: Algorithm, kty: unknown, crv: unknown): boolean {
  const wanted = KEY_TYPES[algorithm]
  return kty === wanted.kty && (wanted.crv === undefined || crv === wanted.crv)
}

function createPublic(jwk: VerificationJwk, algorithm: Algorithm, name: string): KeyObject {
  const { kty, crv } = KEY_TYPES[algorithm]
  if (!isKeyTypeFor(algorithm, jwk.kty, jwk.crv)) {
    const wanted = crv === undefined ? `"kty" ${kty}` : `"kty" ${kty} and "crv" ${crv}`
    throw new TypeError(`The JWK ${name} must have ${wanted} for "alg" ${algorithm}.`)
  }
  try {
    return createPublicKey({ key: { ...jwk }, format: 'jwk' })
  } catch (cause) {
    throw new TypeError(`The JWK ${name} is not a valid ${kty} key: export it again.`, { cause })
  }
}

function createSecret(jwk: VerificationJwk, name: string): KeyObject {
  const secret =
    jwk.kty === 'oct' && typeof jwk.k === 'string' ? decodeCanonicalBase64url(jwk.k) : undefined
  if (secret === undefined) {
    throw new TypeError(
      `The JWK ${name} must have "kty" oct and "k" in unpadded base64url for "alg" HS256.`,
    )
  }
  return createSecretKey(secret)
}
