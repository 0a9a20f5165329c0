import { decodeCanonicalBase64url } from '../encoding/base64url.ts'
import { isJsonObject } from '../encoding/json-object.ts'
import type { Awaitable } from './cryptography.ts'
import { findMaterialMismatch } from './key-material.ts'
import type { Algorithm } from './keys.ts'

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

/** A JWK Set (RFC 7517 §5). */
export interface VerificationJwks {
  keys: readonly VerificationJwk[]
}

/** An entry of a set that this package can use, as far as its members tell. */
export type UnderstoodJwk = VerificationJwk & { kid: string; alg: Algorithm }

/** What a platform makes a key of, and how it is called in messages: by its id, with nothing else of it. */
export interface NamedJwk {
  kid: string
  algorithm: Algorithm
  /** The members that make the key, and no others. */
  material: Readonly<Record<string, string>>
  name: string
}

/** A key that is good, on a platform that cannot use it: a set goes on without it (RFC 7517 §5). */
export class UnsupportedKey extends TypeError {
  override readonly name = 'TypeError'
}

/** RFC 7518 §6.2.2 and §6.3.2, RFC 8037 §2: whoever holds one of these can sign, too. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']

interface KeyType {
  kty: string
  crv?: string
  /** The members that make the key. */
  members: readonly ('x' | 'y' | 'n' | 'e' | 'k')[]
}

const KEY_TYPES: Readonly<Record<Algorithm, KeyType>> = {
  ES256: { kty: 'EC', crv: 'P-256', members: ['x', 'y'] },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', members: ['x'] },
  RS256: { kty: 'RSA', members: ['n', 'e'] },
  PS256: { kty: 'RSA', members: ['n', 'e'] },
  HS256: { kty: 'oct', members: ['k'] },
}

/** Everything that can be said of a JWK before a platform makes a key of it. Throws a TypeError that names the mend. */
export function checkJwk(jwk: VerificationJwk): NamedJwk {
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
  const { kty, crv } = KEY_TYPES[alg]
  if (!isKeyTypeFor(alg, jwk.kty, jwk.crv)) {
    const wanted = crv === undefined ? `"kty" ${kty}` : `"kty" ${kty} and "crv" ${crv}`
    throw new TypeError(`The JWK ${name} must have ${wanted} for "alg" ${alg}.`)
  }
  const material = readMaterial(jwk, alg, name)
  const mismatch = findMaterialMismatch(alg, material)
  if (mismatch !== undefined) {
    throw new TypeError(`The JWK ${name} is not a valid ${kty} key: ${mismatch}.`)
  }
  return { kid, algorithm: alg, material, name }
}

/**
 * The key's own members alone, each in its one spelling: platforms differ in what else they heed
 * (`ext`, `alg` under other names) and in what base64url they forgive.
 */
function readMaterial(jwk: VerificationJwk, alg: Algorithm, name: string): NamedJwk['material'] {
  const { kty, crv, members } = KEY_TYPES[alg]
  const material: Record<string, string> = crv === undefined ? { kty } : { kty, crv }
  for (const member of members) {
    const value: unknown = jwk[member]
    if (typeof value !== 'string' || decodeCanonicalBase64url(value) === undefined) {
      throw new TypeError(
        `The JWK ${name} is not a valid ${kty} key: "${member}" must be unpadded base64url.`,
      )
    }
    material[member] = value
  }
  return material
}

/**
 * The entries of a set to make keys of. Those this package does not understand (another `kty`, `crv`, `alg` or `use`,
 * or without `kid` or `alg`) are ignored, as RFC 7517 §5 asks.
 *
 * Throws a TypeError when a `kid` stands twice, when a secret key is published, and when no usable key is left.
 */
export function chooseUsable(jwks: VerificationJwks): readonly UnderstoodJwk[] {
  if (!isJsonObject(jwks) || !Array.isArray(jwks.keys)) {
    throw new TypeError('A JWK Set must be an object with an array "keys".')
  }
  const usable = jwks.keys.filter(isUnderstood)
  const kids = new Set<string>()
  for (const { kid, alg } of usable) {
    const name = JSON.stringify(kid)
    if (alg === 'HS256') {
      throw new TypeError(
        `The JWK Set holds the secret key ${name}: a set is public, so replace that secret and pass the new one to importVerificationKey.`,
      )
    }
    if (kids.has(kid)) {
      throw new TypeError(`The JWK Set has the "kid" ${name} twice: give each key its own.`)
    }
    kids.add(kid)
  }
  if (usable.length === 0) {
    throw new TypeError(
      'The JWK Set has no usable key: one needs "kid", and "alg" ES256, EdDSA, RS256 or PS256.',
    )
  }
  return usable
}

/**
 * Makes keys of the entries, leaving out those that the platform cannot use.
 *
 * Rejects as `importKey` does, also when it can use none.
 */
export async function importSupported<Imported>(
  entries: readonly UnderstoodJwk[],
  importKey: (jwk: UnderstoodJwk) => Awaitable<Imported>,
): Promise<Imported[]> {
  const imported: Imported[] = []
  let unsupported: UnsupportedKey | undefined
  for (const entry of entries) {
    try {
      imported.push(await importKey(entry))
    } catch (error) {
      if (!(error instanceof UnsupportedKey)) throw error
      unsupported = error
    }
  }
  if (imported.length === 0 && unsupported !== undefined) throw unsupported
  return imported
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
