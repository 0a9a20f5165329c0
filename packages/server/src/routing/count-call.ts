import type { AuditLog } from '../audit/audit-log.ts'
import type { RateLimit } from '../config/settings.ts'
import { toLimitKey } from '../http/client-address.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { VolumeLimits } from '../limits/volume-limits.ts'

/** Whose volume a call is: a user's (with a good token), a session's (with a good refresh token), or an address's. */
export type Caller =
  | { readonly kind: 'user'; readonly id: string }
  | { readonly kind: 'session'; readonly id: string }
  | { readonly kind: 'address' }

export interface CallCounter {
  /** Counts the call and notes the RateLimit headers. A problem when the limit is passed. */
  count(context: RequestContext, caller: Caller): Problem | undefined
}

export interface CallCounterParts {
  readonly volume: VolumeLimits
  readonly audit: AuditLog
  readonly limits: { readonly anonymous: RateLimit; readonly user: RateLimit }
  readonly production: boolean
  /** Called when an audit event could not be stored. */
  readonly onAuditFailure: (error: unknown) => void
}

export function createCallCounter(parts: CallCounterParts): CallCounter {
  const anonymous = toVolumeLimit(parts.limits.anonymous)
  const user = toVolumeLimit(parts.limits.user)
  return {
    count: (context, caller) => {
      const isAddress = caller.kind === 'address'
      const key = isAddress ? `address ${toLimitKey(context.ip)}` : `${caller.kind} ${caller.id}`
      const result = parts.volume.count(key, isAddress ? anonymous : user)
      context.headers['ratelimit-limit'] = `${result.limit}`
      context.headers['ratelimit-remaining'] = `${result.remaining}`
      context.headers['ratelimit-reset'] = `${result.resetsInSeconds}`
      if (result.allowed) return undefined
      const variable = isAddress ? 'RATE_LIMIT_ANONYMOUS' : 'RATE_LIMIT_USER'
      if (result.justExceeded) {
        const facts = { detail: { limit: variable, kind: caller.kind } }
        parts.audit.record('limit.exceeded', facts, context).catch(parts.onAuditFailure)
      }
      const { limit, resetsInSeconds: retryAfterSeconds } = result
      return tooManyRequests({ limit, retryAfterSeconds }, variable, parts.production)
    },
  }
}

export interface ReachedLimit {
  readonly limit: number
  readonly retryAfterSeconds: number
}

/**
 * 429 with Retry-After, and with the RateLimit headers of the limit that was reached, which is not always the volume
 * that the call was counted against. Outside production the message names the variable that sets the limit.
 */
export function tooManyRequests(
  reached: ReachedLimit,
  variable: string,
  production: boolean,
): Problem {
  const seconds = `${Math.max(1, reached.retryAfterSeconds)}`
  return problem('too_many_requests', {
    headers: {
      'retry-after': seconds,
      'ratelimit-limit': `${reached.limit}`,
      'ratelimit-remaining': '0',
      'ratelimit-reset': seconds,
    },
    ...(!production && { message: `Too many requests (${variable} sets this limit)` }),
  })
}

export function toVolumeLimit(limit: RateLimit): { count: number; windowMs: number } {
  return { count: limit.count, windowMs: limit.windowSeconds * 1000 }
}
