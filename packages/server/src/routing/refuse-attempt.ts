import type { AuditFacts, AuditLog } from '../audit/audit-log.ts'
import type { Problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { RefusedAttempt } from '../limits/attempt-limits.ts'
import { tooManyRequests } from './count-call.ts'

/** The 429 of an attempt that found its limit reached; the first in a window is an audit event. */
export async function refuseAttempt(
  parts: { readonly audit: AuditLog; readonly production: boolean },
  attempt: RefusedAttempt,
  /** The variable that sets the limit, and what was tried. */
  limit: { readonly variable: string; readonly kind: string },
  context: RequestContext,
  facts: AuditFacts = {},
): Promise<Problem> {
  const { variable, kind } = limit
  if (attempt.justExceeded) {
    const detail = { limit: variable, kind }
    await parts.audit.record('limit.exceeded', { ...facts, detail }, context)
  }
  return tooManyRequests(attempt, variable, parts.production)
}
