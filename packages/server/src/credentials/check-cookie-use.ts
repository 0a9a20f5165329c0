import type { AuditLog } from '../audit/audit-log.ts'
import type { MasterSecrets } from '../foundation/master-secret.ts'
import { isOriginTrusted, type OriginPolicy } from '../http/origin.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import { isCsrfToken } from './csrf-token.ts'

export interface CookieGuard {
  /** Refuses a call from a page of a foreign origin. Comes before anything that the cookie could tell. */
  checkOrigin(context: RequestContext): Promise<Problem | undefined>
  /** Refuses a call without the CSRF token of the session that the cookie names. */
  checkCsrfToken(context: RequestContext, sessionId: string): Promise<Problem | undefined>
}

/** The two checks that stand between a cookie, which browsers send by themselves, and what it may do. */
export function createCookieGuard(parts: {
  readonly secrets: MasterSecrets
  readonly origins: OriginPolicy
  readonly audit: AuditLog
}): CookieGuard {
  return {
    checkOrigin: async (context) => {
      if (isOriginTrusted(context.source, parts.origins)) return undefined
      await parts.audit.record('csrf.refused', { detail: { check: 'origin' } }, context)
      return problem('origin_not_allowed')
    },
    checkCsrfToken: async (context, sessionId) => {
      if (isCsrfToken(parts.secrets, sessionId, context.source.header('x-csrf-token'))) {
        return undefined
      }
      await parts.audit.record('csrf.refused', { sessionId, detail: { check: 'token' } }, context)
      return problem('invalid_csrf_token')
    },
  }
}
