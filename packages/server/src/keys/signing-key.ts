import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { Algorithm } from '@countersign/verify'
import { calculateJwkThumbprint, type JWK } from 'jose'

/** The algorithms that have a key pair; HS256 signs with a shared secret. */
export type PairAlgorithm = Exclude<Algorithm, 'HS256'>

/**
 * A key and its times, in milliseconds. Its state follows from them: *next* until it activates, *active* until another
 * takes over, *retired* until it is removed.
 */
export interface SigningKey {
  /** RFC 7638 thumbprint; for HS256 a label that tells nothing of the secret. */
  readonly kid: string
  readonly algorithm: Algorithm
  /** The private key, or the shared secret. */
  readonly privateKey: KeyObject
  /** What verifies: the public key, or the shared secret. */
  readonly publicKey: KeyObject
  readonly createdAt: number
  readonly activatesAt: number
  /** When the last token that it signed is over. */
  readonly removesAt: number | null
}

const generate = promisify(generateKeyPair)

/** RSA keys have 3,072 bits: 128 bits of security (NIST SP 800-57). */
const rsaOptions = { modulusLength: 3072 }

export async function generateKey(
  algorithm: PairAlgorithm,
): Promise<{ privateKey: KeyObject; publicKey: KeyObject; kid: string }> {
  const { privateKey, publicKey } = await generatePair(algorithm)
  return { privateKey, publicKey, kid: await calculateJwkThumbprint(toPublicJwk(publicKey)) }
}

function generatePair(algorithm: PairAlgorithm) {
  switch (algorithm) {
    case 'ES256':
      return generate('ec', { namedCurve: 'P-256' })
    case 'EdDSA':
      return generate('ed25519')
    case 'RS256':
    case 'PS256':
      return generate('rsa', rsaOptions)
  }
}

function toPublicJwk(key: KeyObject): { kty: string } & JWK {
  const jwk = key.export({ format: 'jwk' })
  if (jwk.kty === undefined) throw new Error('The key has no JWK form')
  return { ...jwk, kty: jwk.kty }
}

/** What the key set publishes of a key (RFC 7517). */
export function toPublishedJwk(key: Pick<SigningKey, 'kid' | 'algorithm' | 'publicKey'>): JWK {
  return { ...toPublicJwk(key.publicKey), kid: key.kid, alg: key.algorithm, use: 'sig' }
}

export function publicKeyOf(privateKey: KeyObject): KeyObject {
  return createPublicKey(privateKey)
}
