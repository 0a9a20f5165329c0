// Tokens: what a text must be to pass for an access token. This folder owns the order of the checks and their reasons.
// Where keys come from (issuer/) and what was revoked (revocations/) is asked of others.

import type { Awaitable, Cryptography } from '../cryptography/cryptography.ts'
import type { VerificationKey } from '../cryptography/keys.ts'
import { type JsonObject, parseJsonObject, parseKnownObject } from '../encoding/json-object.ts'
import { type AccessClaims, checkClaims, type ClaimRules } from './claims.ts'
import {
  andThen,
  checkSignature,
  isKeyFor,
  type KnownHeader,
  openToken,
  type TokenKind,
} from './open-token.ts'
import type { Outage, TokenFailure, Verification } from './token-failure.ts'
import { payloadOf, startsWithPart } from './compact-serialization.ts'
import { createVerifiedTokens, type VerifiedToken } from './verified-tokens.ts'

/** What the checks need of their surroundings. */
export interface TokenCheckParts<Key> {
  cryptography: Pick<Cryptography<Key>, 'isFit' | 'isSignatureValid' | 'knownSignatures'>
  rules: ClaimRules
  /** Asked on every call: another object in a key's place ends the tokens the old one signed. */
  findKey: (kid: string) => Awaitable<VerificationKey<Key> | Outage | undefined>
  /** Asked on every call, last of all; undefined lets the token pass. */
  findRevocation: (claims: AccessClaims, token: string) => Awaitable<'revoked' | Outage | undefined>
  clock: () => number
  /** How many verified tokens are remembered. */
  cacheSize: number
}

/** Checks one token; answers at once where keys, cryptography and revocations do. Throws on no input. */
export type TokenCheck = (token: unknown) => Awaitable<Verification>

type Refusal = TokenFailure | Outage

/** RFC 9068 §4; the "application/" prefix means the same (RFC 7515 §4.1.9). Nothing else does. */
const ACCESS_TOKEN: TokenKind = {
  types: new Set(['at+jwt', 'application/at+jwt']),
  maxLength: 8192,
}

export function createTokenCheck<Key>(parts: TokenCheckParts<Key>): TokenCheck {
  const { cryptography, rules, findKey, findRevocation, clock, cacheSize } = parts
  const { knownSignatures } = cryptography
  const verifiedTokens = createVerifiedTokens<Key>(cacheSize)
  let knownHeader: KnownHeader | undefined

  function check(token: unknown): Awaitable<Verification> {
    if (typeof token !== 'string') return refuse('malformed')
    const known = verifiedTokens.find(token)
    if (known === undefined) return checkAgain(token)
    return andThen(findKey(known.kid), (key) => {
      if (stillHolds(known, key, clock() / 1000)) return conclude(token, known)
      verifiedTokens.drop(token)
      return checkAfresh(token)
    })
  }

  /** A text that was good before: what it says of itself is read again, but its form and signature are known. */
  function checkAgain(token: string): Awaitable<Verification> {
    const header = knownHeader
    if (!knownSignatures || !header || !startsWithPart(token, header.headerText)) {
      return checkAfresh(token)
    }
    return andThen(findKey(header.kid), (key) => {
      const isKnown =
        typeof key === 'object' &&
        isKeyFor(header, key, cryptography) &&
        knownSignatures.has(key, token)
      if (!isKnown) return checkAfresh(token)
      return accept(token, header.kid, key, parseKnownObject(payloadOf(token)))
    })
  }

  function checkAfresh(token: string): Awaitable<Verification> {
    const opened = openToken(token, ACCESS_TOKEN, knownHeader)
    if (typeof opened === 'string') return refuse(opened)
    return andThen(findKey(opened.kid), (key) => {
      if (typeof key === 'string') return refuse(key)
      return andThen(checkSignature(opened, key, cryptography), (failure) => {
        if (failure !== undefined || key === undefined) return refuse(failure ?? 'unknown_key')
        // RFC 9068 §4. The payload is not even parsed before its signature holds.
        const payload = parseJsonObject(opened.payload)
        if (payload === undefined) return refuse('invalid_json')
        const { headerText, kid, alg } = opened
        knownHeader = { headerText, kid, alg }
        knownSignatures?.add(key, token)
        return accept(token, kid, key, payload)
      })
    })
  }

  function accept(
    token: string,
    kid: string,
    key: VerificationKey<Key>,
    payload: JsonObject,
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
