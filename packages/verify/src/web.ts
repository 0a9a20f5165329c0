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

export type { Algorithm } from './cryptography/keys.ts'
export type { VerificationJwk, VerificationJwks } from './cryptography/jwk.ts'
export { importJwks, importVerificationKey } from './cryptography/web-cryptography.ts'
export type { AccessClaims } from './tokens/claims.ts'
export { OUTAGES, TOKEN_FAILURES } from './tokens/token-failure.ts'
export type { Outage, TokenFailure, Verification } from './tokens/token-failure.ts'

/** A key and the one algorithm it may be used with. */
export type VerificationKey = AnyVerificationKey<CryptoKey>
/** Finds the key that a token's `kid` names. */
export type KeyLookup = AnyKeyLookup<CryptoKey>
/** What {@link createLocalVerifier} holds tokens against. */
export type LocalVerifierOptions = AnyLocalVerifierOptions<CryptoKey>

/** Verifies access tokens with keys that are at hand. */
export interface LocalVerifier {
  /**
   * Verifies one token. Whatever is passed in, it answers; it rejects only with what `findKey`, `isRevoked` or `clock`
   * throw. The claims it returns are frozen.
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
