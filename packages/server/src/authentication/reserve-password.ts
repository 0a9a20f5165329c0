import type { Account } from '../accounts/account.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { RateLimit } from '../config/settings.ts'
import { toLimitKey } from '../http/client-address.ts'
import type { Problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import {
  type AttemptLimits,
  type GrantedAttempt,
  type RefusedAttempt,
  reserveBoth,
} from '../limits/attempt-limits.ts'
import { toVolumeLimit } from '../routing/count-call.ts'
import { refuseAttempt } from '../routing/refuse-attempt.ts'

export interface PasswordAttemptParts {
  readonly attempts: AttemptLimits
  readonly audit: AuditLog
  readonly settings: {
    readonly rateLimitLogin: RateLimit
    readonly rateLimitAccount: RateLimit
    readonly production: boolean
  }
}

/**
 * Takes one attempt at the password of an account that is known already: per account and address, and per account over all
 * addresses, as for a log-in, or whoever holds a session could try passwords from as many as he likes. Strangers cannot use
 * these up, and a log-in is counted apart.
 */
export async function reservePassword(
  { attempts, audit, settings }: PasswordAttemptParts,
  { id }: Account,
  context: RequestContext,
): Promise<GrantedAttempt | Problem> {
  const take = async (
    variable: 'RATE_LIMIT_LOGIN' | 'RATE_LIMIT_ACCOUNT',
    parts: readonly string[],
  ): Promise<GrantedAttempt | (RefusedAttempt & { readonly variable: string })> => {
    const { rateLimitLogin, rateLimitAccount } = settings
    const limit = variable === 'RATE_LIMIT_LOGIN' ? rateLimitLogin : rateLimitAccount
    const attempt = await attempts.reserve('password', [id, ...parts], toVolumeLimit(limit))
    return attempt.granted ? attempt : { ...attempt, variable }
  }
  const here = take('RATE_LIMIT_LOGIN', [toLimitKey(context.ip)])
  const attempt = await reserveBoth(here, () => take('RATE_LIMIT_ACCOUNT', []))
  if (attempt.granted) return attempt
  const exceeded = { variable: attempt.variable, kind: 'password' }
  const facts = { actorId: id, subjectId: id }
  return refuseAttempt({ audit, ...settings }, attempt, exceeded, context, facts)
}
