import type { Account } from '../accounts/account.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { RateLimit } from '../config/settings.ts'
import { toLimitKey } from '../http/client-address.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { AttemptLimits } from '../limits/attempt-limits.ts'
import type { PasswordHasher } from '../passwords/password-hasher.ts'
import { toVolumeLimit } from '../routing/count-call.ts'
import { busy } from '../routing/explain-account-refusal.ts'
import { refuseAttempt } from '../routing/refuse-attempt.ts'

export interface CurrentPasswordParts {
  readonly hasher: PasswordHasher
  readonly attempts: AttemptLimits
  readonly audit: AuditLog
  readonly settings: { readonly rateLimitLogin: RateLimit; readonly production: boolean }
}

/** Checks the password of an account that is known already, counted per account and address. */
export async function checkCurrentPassword(
  { hasher, attempts, audit, settings }: CurrentPasswordParts,
  account: Account,
  password: string,
  context: RequestContext,
): Promise<Problem | undefined> {
  const facts = { actorId: account.id, subjectId: account.id }
  const limit = toVolumeLimit(settings.rateLimitLogin)
  const attempt = await attempts.reserve('password', [account.id, toLimitKey(context.ip)], limit)
  if (!attempt.granted) {
    const exceeded = { variable: 'RATE_LIMIT_LOGIN', kind: 'password' }
    return refuseAttempt({ audit, ...settings }, attempt, exceeded, context, facts)
  }
  const verified = await hasher.verify(password, account.passwordHash)
  if (!verified.ok) {
    await attempt.release()
    return busy(verified.retryAfterSeconds)
  }
  if (!verified.matches) {
    const detail = { reason: 'wrong_password', factor: 'password' }
    await audit.record('sign_in.failed', { ...facts, detail }, context)
    return problem('invalid_password')
  }
  await attempt.release()
  return undefined
}
