import type { AuditLog } from '../audit/audit-log.ts'
import type { RateLimit } from '../config/settings.ts'
import { toLimitKey } from '../http/client-address.ts'
import type { Problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { AttemptLimits } from '../limits/attempt-limits.ts'
import { toVolumeLimit } from '../routing/count-call.ts'
import { refuseAttempt } from '../routing/refuse-attempt.ts'

export interface MailLimitParts {
  readonly attempts: AttemptLimits
  readonly audit: AuditLog
  readonly settings: {
    readonly rateLimitMail: RateLimit
    readonly rateLimitLogin: RateLimit
    readonly production: boolean
  }
}

/**
 * Counts a mail against whoever asks for it and against the mailbox, whether it is anybody's or not: nobody floods one,
 * and the refusal tells nothing.
 */
export async function limitMail(
  { attempts, audit, settings }: MailLimitParts,
  mailbox: string,
  context: RequestContext,
): Promise<Problem | undefined> {
  const limit = toVolumeLimit(settings.rateLimitMail)
  for (const part of [`from ${toLimitKey(context.ip)}`, `to ${mailbox}`]) {
    const attempt = await attempts.reserve('mail', [part], limit)
    if (attempt.granted) continue
    const exceeded = { variable: 'RATE_LIMIT_MAIL', kind: 'mail' }
    return refuseAttempt({ audit, ...settings }, attempt, exceeded, context)
  }
  return undefined
}
