import type { AccessClaims } from './claims.ts'

/**
 * Every reason a token is refused, in the order in which they are looked for. All of them are one
 * and the same 401 `invalid_token` on the wire (RFC 6750 §3.1); the reason is for logs and tests.
 */
export const TOKEN_FAILURES = [
  'too_large',
  'malformed',
  'not_canonical',
  'invalid_json',
  'wrong_type',
  'unsupported_header',
  'unknown_key',
  'wrong_algorithm',
  'bad_signature',
  'invalid_claims',
  'wrong_issuer',
  'wrong_audience',
  'expired',
  'not_yet_valid',
  'revoked',
] as const

/** Why a token was refused. */
export type TokenFailure = (typeof TOKEN_FAILURES)[number]

/**
 * Why nothing can be said of a token now, although it may be good: a 503, because a client that is
 * told 401 gives its token up.
 */
export const OUTAGES = ['keys_unavailable', 'revocations_unavailable'] as const

/** Why nothing can be said of a token now. */
export type Outage = (typeof OUTAGES)[number]

/** The claims of an accepted token, or the reason there are none. */
export type Verification =
  | { readonly ok: true; readonly claims: AccessClaims }
  | { readonly ok: false; readonly reason: TokenFailure | Outage }
