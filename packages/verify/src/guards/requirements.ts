import type { Refusal } from './refusal.ts'
import type { VerifiedUser } from './verified-user.ts'

/** What a route asks of its user; undefined when the user meets it. The clock tells milliseconds. */
export type Requirement = (user: VerifiedUser, clock: () => number) => Refusal | undefined

/** How recent, and how strong, a log-in must be (RFC 9470). */
export interface RecentAuth {
  /** The most seconds that may have passed since the user last proved who they are (`auth_time`). */
  maxAge: number
  /** Authentication context classes (`acr`) of which one is needed; default any. */
  acr?: string | readonly string[]
}

/** How far the issuer's clock may run ahead of ours. */
const MAX_SECONDS_AHEAD = 5
/** RFC 6749 §3.3; as it happens what may stand in a quoted string too. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

export const nothingMore: Requirement = () => undefined

/** One of these roles. @throws TypeError when no role is named, or one that is not among those there are */
export function roleRequirement(
  roles: readonly string[],
  known: readonly string[] | undefined,
): Requirement {
  const unknown = roles.filter((role) => known !== undefined && !known.includes(role))
  const isNamed = roles.length > 0 && roles.every((role) => typeof role === 'string' && role !== '')
  if (!isNamed || unknown.length > 0) {
    const what = unknown.length > 0 ? `names ${unknown.join(', ')}` : 'names no role'
    const mend = known === undefined ? 'roles' : `of the roles ${known.join(', ')}`
    throw new TypeError(`requireRole ${what}: name at least one ${mend}.`)
  }
  const wanted = new Set(roles)
  return (user) =>
    user.roles.some((role) => wanted.has(role)) ? undefined : { code: 'insufficient_permissions' }
}

/** All of these scopes. @throws TypeError when none is named, or one that can be none */
export function scopeRequirement(scopes: readonly string[]): Requirement {
  if (scopes.length === 0 || !scopes.every((scope) => SCOPE_TOKEN.test(scope))) {
    throw new TypeError('requireScope needs scopes, each without spaces and quotes.')
  }
  return ({ claims: { scope } }) => {
    const granted = new Set(typeof scope === 'string' ? scope.split(' ') : [])
    return scopes.every((wanted) => granted.has(wanted))
      ? undefined
      : { code: 'insufficient_scope', scopes }
  }
}

/** A recent log-in. A token that does not say when or how the user logged in does not meet it. @throws TypeError */
export function recentAuthRequirement({ maxAge, acr = [] }: RecentAuth): Requirement {
  const acrValues = [acr].flat()
  if (!Number.isSafeInteger(maxAge) || maxAge < 0) {
    throw new TypeError('requireRecentAuth needs "maxAge" in whole seconds, 0 or more.')
  }
  if (!acrValues.every((value) => SCOPE_TOKEN.test(value))) {
    throw new TypeError('requireRecentAuth needs "acr" values without spaces and quotes.')
  }
  const refusal: Refusal = {
    code: 'insufficient_user_authentication',
    maxAgeSeconds: maxAge,
    acrValues,
  }
  return ({ claims }, clock) => {
    const nowSeconds = clock() / 1000
    const { auth_time: authTime, acr: reached } = claims
    if (typeof authTime !== 'number' || !Number.isFinite(authTime)) return refusal
    // Written so that a clock that answers NaN refuses.
    const isRecent = nowSeconds - authTime <= maxAge && authTime <= nowSeconds + MAX_SECONDS_AHEAD
    const isStrong =
      acrValues.length === 0 || (typeof reached === 'string' && acrValues.includes(reached))
    return isRecent && isStrong ? undefined : refusal
  }
}
