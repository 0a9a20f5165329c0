import type { AuditLog } from '../audit/audit-log.ts'
import type { MasterSecrets } from '../foundation/master-secret.ts'
import { isOriginTrusted, type OriginPolicy } from '../http/origin.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import { isCsrfToken } from './csrf-token.ts'

/**
 * The two checks that stand between a cookie, which browsers send by themselves, and what it may do. Refusing is apart
 * from checking: the call is counted in between, because a refusal writes an audit event and strangers must not write
 * as many as they like.
 */
export interface CookieGuard {
  /** False for a page of a foreign origin. Comes before anything that the cookie could tell. */
  isPageTrusted(context: RequestContext): boolean
  /** False without the CSRF token of the session that the cookie names. */
  hasCsrfToken(context: RequestContext, sessionId: string): boolean
  refusePage(context: RequestContext): Promise<Problem>
  refuseCsrfToken(context: RequestContext, sessionId: string): Promise<Problem>
}

export function createCookieGuard(parts: {
  readonly secrets: MasterSecrets
  readonly origins: OriginPolicy
  readonly audit: AuditLog
}): CookieGuard {
  const { secrets, origins, audit } = parts
  return {
    isPageTrusted: (context) => isOriginTrusted(context.source, origins),
    hasCsrfToken: (context, sessionId) =>
      isCsrfToken(secrets, sessionId, context.source.header('x-csrf-token')),
    refusePage: async (context) => {
      await audit.record('csrf.refused', { detail: { check: 'origin' } }, context)
      return problem('origin_not_allowed')
    },
    refuseCsrfToken: async (context, sessionId) => {
      await audit.record('csrf.refused', { sessionId, detail: { check: 'token' } }, context)
      return problem('invalid_csrf_token')
    },
  }
}
