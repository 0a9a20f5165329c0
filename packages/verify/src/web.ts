/**
 * Door: strict verification of JWT access tokens (RFC 9068) on WebCrypto, for every runtime: Bun, Deno, Workers,
 * browsers. It imports nothing of Node.
 */
import type {
  KeyLookup as AnyKeyLookup,
  VerificationKey as AnyVerificationKey,
} from './cryptography/keys.ts'
import { webCryptography } from './cryptography/web-cryptography.ts'
import type { Verification } from './tokens/token-failure.ts'
import {
  createLocalTokenCheck,
  type LocalVerifierOptions as AnyLocalVerifierOptions,
} from './verifiers/create-local-verifier.ts'
import { createIssuerVerifier, type Verifier } from './verifiers/create-verifier.ts'
import type { VerifierOptions as AnyVerifierOptions } from './verifiers/verifier-options.ts'

export type { Algorithm } from './cryptography/keys.ts'
export type { VerificationJwk, VerificationJwks } from './cryptography/jwk.ts'
export { importJwks, importVerificationKey } from './cryptography/web-cryptography.ts'
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
export type VerificationKey = AnyVerificationKey<CryptoKey>
/** Finds the key that a token's `kid` names. */
export type KeyLookup = AnyKeyLookup<CryptoKey>
/** What {@link createLocalVerifier} holds tokens against. */
export type LocalVerifierOptions = AnyLocalVerifierOptions<CryptoKey>

/** What {@link createVerifier} holds tokens against, and where it finds what it needs. */
export type VerifierOptions = AnyVerifierOptions<CryptoKey>

/**
 * Makes a verifier of JWT access tokens (RFC 9068) that finds the issuer's keys by itself and, where that is asked for,
 * follows the issuer's revocations. Throws a TypeError that names the mend when an option cannot be right; nothing is
 * fetched before it is needed.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  return createIssuerVerifier(options, webCryptography)
}

/** Verifies access tokens with keys that are at hand. */
export interface LocalVerifier {
  /**
   * Verifies one token. Whatever is passed in, it answers; it rejects only with what `findKey`, `isRevoked` or `clock`
   * throw. Claims that it remembers are frozen.
   */
  readonly verify: (token: string) => Promise<Verification>
}

/**
 * Makes a verifier of JWT access tokens (RFC 9068) that is given its keys and fetches nothing. Throws a TypeError that
 * names the mend when an option cannot be right.
 */
export function createLocalVerifier(options: LocalVerifierOptions): LocalVerifier {
  const check = createLocalTokenCheck(options, webCryptography)
  return { verify: async (token) => check(token) }
}
