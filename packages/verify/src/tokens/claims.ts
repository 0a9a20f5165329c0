import type { JsonObject } from '../encoding/json-object.ts'
import type { TokenFailure } from './token-failure.ts'

/**
 * The claims of an access token: those that RFC 9068 §2.2 requires, those that Countersign adds,
 * and whatever else the issuer put in. Deeply frozen where they are remembered, because one object then serves many
 * requests.
 */
export interface AccessClaims {
  /** Issuer, exactly as configured. */
  readonly iss: string
  /** The account the token speaks for. */
  readonly sub: string
  /** For whom the token is meant; one of them is an own audience. */
  readonly aud: string | string[]
  /** First second (Unix time) at which the token is no longer accepted. */
  readonly exp: number
  /** When it was issued, Unix time in seconds. */
  readonly iat: number
  /** From when it is accepted, Unix time in seconds. */
  readonly nbf?: number
  /** Names this token. Deny by `jti`, `sid` or `sub`, never by the token's text. */
  readonly jti: string
  /** The client it was issued to. */
  readonly client_id: string
  /** The session it belongs to. */
  readonly sid?: string
  /** The account's token epoch when it was issued: a lower one than the account's is revoked. */
  readonly epoch?: number
  /** Role names. */
  readonly roles?: string[]
  readonly [claim: string]: unknown
}

/** What the claims are held against. */
export interface ClaimRules {
  issuer: string
  audiences: ReadonlySet<string>
  requireSession: boolean
}

/** How far the issuer's clock may run ahead of ours. There is no such grace for `exp`. */
const MAX_SECONDS_AHEAD = 5

/** Checks types first, then for whom the token is, then when. Times count from `nowSeconds`. */
export function checkClaims(
  claims: JsonObject,
  rules: ClaimRules,
  nowSeconds: number,
): AccessClaims | TokenFailure {
  if (!isAccessClaims(claims)) return 'invalid_claims'
  if (rules.requireSession && (claims.sid === undefined || claims.epoch === undefined)) {
    return 'invalid_claims'
  }
  if (claims.iss !== rules.issuer) return 'wrong_issuer'
  const { aud } = claims
  const isForUs =
    typeof aud === 'string'
      ? rules.audiences.has(aud)
      : aud.some((audience) => rules.audiences.has(audience))
  if (!isForUs) return 'wrong_audience'

  // Written so that a clock that answers NaN refuses.
  if (!(nowSeconds < claims.exp)) return 'expired'
  const latestStart = nowSeconds + MAX_SECONDS_AHEAD
  if (!(claims.iat <= latestStart)) return 'not_yet_valid'
  if (claims.nbf !== undefined && !(claims.nbf <= latestStart)) return 'not_yet_valid'
  return claims
}

function isAccessClaims(claims: JsonObject): claims is JsonObject & AccessClaims {
  return (
    isNonEmptyString(claims['iss']) &&
    isNonEmptyString(claims['sub']) &&
    isNonEmptyString(claims['jti']) &&
    isNonEmptyString(claims['client_id']) &&
    isAudience(claims['aud']) &&
    Number.isFinite(claims['exp']) &&
    Number.isFinite(claims['iat']) &&
    isAbsentOr(Number.isFinite, claims['nbf']) &&
    isAbsentOr(isNonEmptyString, claims['sid']) &&
    isAbsentOr(isEpoch, claims['epoch']) &&
    isAbsentOr(isStringArray, claims['roles'])
  )
}

function isAbsentOr(check: (value: unknown) => boolean, value: unknown): boolean {
  return value === undefined || check(value)
}

function isNonEmptyString(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isAudience(value: unknown): boolean {
  return typeof value === 'string' || (isStringArray(value) && value.length > 0)
}

function isStringArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string')
}

function isEpoch(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/**
 * Lets claims hold what others hold already wherever both say the same: tokens of one issuer have their issuer, audience,
 * client and mostly their roles in common, a third of what their claims take.
 */
export function shareEqualClaims(claims: AccessClaims, others: AccessClaims): void {
  // Whoever serves requests already stays as it is.
  if (Object.isFrozen(claims)) return
  const members: Record<string, unknown> = claims
  for (const name of Object.keys(members)) {
    if (isSame(members[name], others[name])) members[name] = others[name]
  }
}

function isSame(value: unknown, other: unknown): boolean {
  if (!Array.isArray(value) || !Array.isArray(other)) return value === other
  return value.length === other.length && value.every((element, at) => element === other[at])
}

/** Freezes claims and everything inside them, so that no caller can change them for another. */
export function freezeClaims(claims: AccessClaims): void {
  freezeDeeply(claims)
}

/** Recursion ends soon: nothing was parsed that is nested more than 32 deep. */
function freezeDeeply(value: object): void {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) freezeDeeply(inner)
  }
  Object.freeze(value)
}
