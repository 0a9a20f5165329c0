// Tokens: what a text must be to pass for an access token. This folder owns the order of the checks and their reasons.
// Where keys come from (issuer/) and what was revoked (revocations/) is asked of others.

import type { Awaitable } from '../cryptography/cryptography.ts'
import type { VerificationKey } from '../cryptography/keys.ts'
import { type AccessClaims, checkClaims, type ClaimRules } from './claims.ts'
import { andThen, type TokenKind } from './open-token.ts'
import {
  createSignedTokenReader,
  type Refusal,
  type SignedToken,
  type SignedTokenParts,
} from './read-signed-token.ts'
import type { Outage, Verification } from './token-failure.ts'
import { createVerifiedTokens, type VerifiedToken } from './verified-tokens.ts'

/** What the checks need of their surroundings. */
export interface TokenCheckParts<Key> extends SignedTokenParts<Key> {
  rules: ClaimRules
  /** Asked on every call, last of all; undefined lets the token pass. */
  findRevocation: (claims: AccessClaims, token: string) => Awaitable<'revoked' | Outage | undefined>
  clock: () => number
  /** How many verified tokens are remembered. */
  cacheSize: number
}

/** Checks one token; answers at once where keys, cryptography and revocations do. Throws on no input. */
export type TokenCheck = (token: unknown) => Awaitable<Verification>

/** RFC 9068 §4; the "application/" prefix means the same (RFC 7515 §4.1.9). Nothing else does. */
const ACCESS_TOKEN: TokenKind = {
  types: new Set(['at+jwt', 'application/at+jwt']),
  maxLength: 8192,
}

export function createTokenCheck<Key>(parts: TokenCheckParts<Key>): TokenCheck {
  const { rules, findKey, findRevocation, clock, cacheSize } = parts
  const readSigned = createSignedTokenReader(parts, ACCESS_TOKEN)
  const verifiedTokens = createVerifiedTokens<Key>(cacheSize)

  function check(token: unknown): Awaitable<Verification> {
    if (typeof token !== 'string') return refuse('malformed')
    const known = verifiedTokens.find(token)
    if (known === undefined) return checkAfresh(token)
    return andThen(findKey(known.kid), (key) => {
      if (stillHolds(known, key, clock() / 1000)) return conclude(token, known)
      verifiedTokens.drop(token)
      return checkAfresh(token)
    })
  }

  function checkAfresh(token: string): Awaitable<Verification> {
    return andThen(readSigned(token), (signed) =>
      typeof signed === 'string' ? refuse(signed) : checkSigned(token, signed),
    )
  }

  function checkSigned(
    token: string,
    { kid, key, payload }: SignedToken<Key>,
  ): Awaitable<Verification> {
    const nowSeconds = clock() / 1000
    const claims = checkClaims(payload, rules, nowSeconds)
    if (typeof claims === 'string') return refuse(claims)
    const verified = {
      kid,
      key: key.key,
      algorithm: key.algorithm,
      verifiedAtSeconds: nowSeconds,
      claims,
      verification: { ok: true, claims },
    } as const
    verifiedTokens.keep(token, verified)
    return conclude(token, verified)
  }

  function conclude(token: string, verified: VerifiedToken<Key>): Awaitable<Verification> {
    return andThen(findRevocation(verified.claims, token), (reason) => {
      if (reason === undefined) return verified.verification
      if (reason === 'revoked') verifiedTokens.drop(token)
      return refuse(reason)
    })
  }

  return check
}

/** Whether verifying again would come to the same answer; a clock set back makes that unsure. */
function stillHolds<Key>(
  verified: VerifiedToken<Key>,
  key: VerificationKey<Key> | Outage | undefined,
  nowSeconds: number,
): boolean {
  if (!(nowSeconds < verified.claims.exp && nowSeconds >= verified.verifiedAtSeconds)) return false
  return typeof key === 'object' && key.key === verified.key && key.algorithm === verified.algorithm
}

function refuse(reason: Refusal): Verification {
  return { ok: false, reason }
}
