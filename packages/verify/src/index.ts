/**
 * Door: strict verification of JWT access tokens (RFC 9068) on Node, with its own cryptography.
 */
import type { KeyObject } from 'node:crypto'
import { withKnownSignatures } from './cryptography/known-signatures.ts'
import { nodeCryptography } from './cryptography/node-cryptography.ts'
import type {
  KeyLookup as AnyKeyLookup,
  VerificationKey as AnyVerificationKey,
} from './cryptography/keys.ts'
import type { Verification } from './tokens/token-failure.ts'
import {
  createLocalTokenCheck,
  type LocalVerifierOptions as AnyLocalVerifierOptions,
} from './verifiers/create-local-verifier.ts'
import { createIssuerVerifier, type Verifier } from './verifiers/create-verifier.ts'
import type { VerifierOptions as AnyVerifierOptions } from './verifiers/verifier-options.ts'

export type { Algorithm } from './cryptography/keys.ts'
export type { VerificationJwk, VerificationJwks } from './cryptography/jwk.ts'
export { importJwks, importVerificationKey } from './cryptography/node-cryptography.ts'
export type { AccessClaims } from './tokens/claims.ts'
export { OUTAGES, TOKEN_FAILURES } from './tokens/token-failure.ts'
export type { Outage, TokenFailure, Verification } from './tokens/token-failure.ts'
export type { Fetch } from './issuer/fetch-document.ts'
export type { KeySetStatus } from './issuer/key-set.ts'
export type { FeedStatus, OnStale } from './revocations/follow-feed.ts'
export type { ServiceCredential } from './revocations/service-credential.ts'
export type { Verifier, VerifierStatus } from './verifiers/create-verifier.ts'
export type { RevocationOptions } from './verifiers/verifier-options.ts'

/** A key and the one algorithm it may be used with. */
export type VerificationKey = AnyVerificationKey<KeyObject>
/** Finds the key that a token's `kid` names. */
export type KeyLookup = AnyKeyLookup<KeyObject>
/** What {@link createLocalVerifier} holds tokens against. */
export type LocalVerifierOptions = AnyLocalVerifierOptions<KeyObject> & SignatureOptions

/** What {@link createVerifier} holds tokens against, and where it finds what it needs. */
export type VerifierOptions = AnyVerifierOptions<KeyObject> & SignatureOptions

export interface SignatureOptions {
  /**
   * For how many more tokens it is remembered, in 42 to 84 bytes each, that their signature holds: a repeated one is
   * read again and costs no signature check; default 0, at most 10,000,000. For services with more users at a time than
   * `cacheSize`.
   */
  signatureCacheSize?: number
}

/**
 * Makes a verifier of JWT access tokens (RFC 9068) that finds the issuer's keys by itself and, where that is asked for,
 * follows the issuer's revocations. Throws a TypeError that names the mend when an option cannot be right; nothing is
 * fetched before it is needed.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  return createIssuerVerifier(
    options,
    withKnownSignatures(nodeCryptography, options.signatureCacheSize),
  )
}

/** Verifies access tokens with keys that are at hand. */
export interface LocalVerifier {
  /**
   * Verifies one token. Whatever is passed in, it answers and does not throw; only an error thrown
   * by `findKey`, `isRevoked` or `clock` passes through. Claims that it remembers are frozen.
   */
  readonly verify: (token: string) => Verification
}

/**
 * Makes a verifier of JWT access tokens (RFC 9068) that is given its keys, fetches nothing and answers at once. Throws
 * a TypeError that names the mend when an option cannot be right.
 */
export function createLocalVerifier(options: LocalVerifierOptions): LocalVerifier {
  // Nothing here makes us wait: node:crypto, findKey and isRevoked all answer at once.
  const cryptography = withKnownSignatures(nodeCryptography, options.signatureCacheSize)
  return { verify: createLocalTokenCheck(options, cryptography) as LocalVerifier['verify'] }
}
