/**
 * Strict verification of JWT access tokens (RFC 9068), for any API: give it the issuer, the own
 * audience and a look-up of keys. It reads tokens and nothing else: it fetches no keys, keeps no
 * list of revocations (it asks one) and knows no framework.
 */
export type { AccessClaims } from './claims.ts'
export { createVerifier } from './create-verifier.ts'
export type { Verification, Verifier, VerifierOptions } from './create-verifier.ts'
export { importJwks, importVerificationKey } from './jwk.ts'
export type { KeyLookup, VerificationJwk } from './jwk.ts'
export type { Algorithm, VerificationKey } from './keys.ts'
export { TOKEN_FAILURES } from './token-failure.ts'
export type { TokenFailure } from './token-failure.ts'
