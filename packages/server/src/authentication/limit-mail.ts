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
  readonly settings: { readonly rateLimitMail: RateLimit; readonly production: boolean }
}

/**
 * Counts a mail against whoever asks for it and against the mailbox, whether it is anybody's or not: nobody floods one,
 * and the refusal tells nothing.
 */
export async function limitMail(
  parts: MailLimitParts,
  mailbox: string,
  context: RequestContext,
): Promise<Problem | undefined> {
  const refused = await countMail(parts, `from ${toLimitKey(context.ip)}`, context)
  return refused ?? limitMailbox(parts, mailbox, context)
}

/** For mails that come with something else, whose asker is counted for that. */
export function limitMailbox(
  parts: MailLimitParts,
  mailbox: string,
  context: RequestContext,
): Promise<Problem | undefined> {
  return countMail(parts, `to ${mailbox}`, context)
}

async function countMail(
  { attempts, audit, settings }: MailLimitParts,
  part: string,
  context: RequestContext,
): Promise<Problem | undefined> {
  const attempt = await attempts.reserve('mail', [part], toVolumeLimit(settings.rateLimitMail))
  if (attempt.granted) return undefined
  const exceeded = { variable: 'RATE_LIMIT_MAIL', kind: 'mail' }
  return refuseAttempt({ audit, ...settings }, attempt, exceeded, context)
}
