// Sign-out: ending the own session, or all of them. It owns which credential counts and the cookie's end.

import { z } from 'zod'
import type { AuditLog } from '../audit/audit-log.ts'
import type { CookieGuard } from '../credentials/check-cookie-use.ts'
import { findRefreshToken } from '../credentials/presented-refresh-token.ts'
import { clearedCookie, type CredentialParts } from '../credentials/token-answer.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { RevokingStore } from '../revocation/revoking-store.ts'
import { readBearer } from '../routing/authenticate-call.ts'
import type { CallCounter } from '../routing/count-call.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { refreshTokenSchema } from '../routing/schemas.ts'
import { findPresentedSession } from '../sessions/find-session.ts'
import type { SessionStore } from '../sessions/store.ts'
import type { VerifyToken } from '../tokens/look-up-key.ts'

export interface SignOutParts {
  readonly sessions: Pick<SessionStore, 'findSessionWithAccount'>
  readonly revoking: Pick<RevokingStore, 'endSession' | 'raiseEpochs'>
  readonly verifyToken: VerifyToken
  readonly credentials: CredentialParts
  readonly guard: CookieGuard
  readonly counter: CallCounter
  readonly audit: AuditLog
}

export function signOutRoutes(parts: SignOutParts): Route[] {
  return [logoutRoute(parts), logoutAllRoute(parts)]
}

function logoutRoute(parts: SignOutParts): Route {
  const { credentials, guard } = parts
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/logout',
      operationId: 'logout',
      tag: 'Authentication',
      summary: 'Log out',
      description:
        'The session is that of the refresh token in the body, else of a valid access token, else of the cookie. A ' +
        'session that has ended already, or a token of no session, is no mistake.',
      access: 'anyone',
      counting: 'session',
      cookie: 'acts',
      body: z.strictObject({ refreshToken: refreshTokenSchema.optional() }).optional(),
      success: { status: 204, description: 'The session is over and its tokens are dead' },
      problems: ['invalid_csrf_token', 'origin_not_allowed'],
    },
    async ({ body, context }) => {
      const { target, isRefused } = await findTarget(parts, body?.refreshToken, context)
      const caller = target
        ? ({ kind: 'session', id: target.sessionId } as const)
        : ({ kind: 'address' } as const)
      const refusal = parts.counter.count(context, caller)
      if (refusal) return refusal
      if (isRefused) {
        return target ? guard.refuseCsrfToken(context, target.sessionId) : guard.refusePage(context)
      }
      if (target) await endOwnSession(parts, target, context)
      return { status: 204, cookies: [clearedCookie(credentials.cookie)] }
    },
  )
}

interface Target {
  readonly sessionId: string
  readonly userId: string
}

interface FoundTarget {
  /** Undefined when no credential names a session, and when the page may not use the cookie. */
  readonly target?: Target
  readonly isRefused?: true
}

/** Which session to end. An access token that does not verify counts as none, so that a stale one hides no cookie. */
async function findTarget(
  parts: SignOutParts,
  inBody: string | undefined,
  context: RequestContext,
): Promise<FoundTarget> {
  const { credentials, guard, sessions, verifyToken } = parts
  const presented = findRefreshToken(inBody, context.source, credentials.cookie)
  const isInBody = presented?.delivery === 'body'
  if (!isInBody) {
    const bearer = readBearer(context.source.header('authorization'))
    const verification = bearer === undefined ? undefined : await verifyToken(bearer)
    if (verification?.ok && verification.claims.sid !== undefined) {
      return { target: { sessionId: verification.claims.sid, userId: verification.claims.sub } }
    }
  }
  // Also when none came: SameSite keeps it from a form of a foreign page, whose answer would delete it all the same.
  if (!isInBody && !guard.isPageTrusted(context)) return { isRefused: true }
  if (presented === undefined) return {}
  const found = await findPresentedSession(sessions, credentials.secrets, presented.text)
  if (found === undefined) return {}
  const target = { sessionId: found.session.id, userId: found.session.userId }
  const isRefused = !isInBody && !guard.hasCsrfToken(context, target.sessionId)
  return isRefused ? { target, isRefused } : { target }
}

async function endOwnSession(
  parts: SignOutParts,
  { sessionId, userId }: Target,
  context: RequestContext,
): Promise<void> {
  const now = parts.credentials.clock()
  if (!(await parts.revoking.endSession(sessionId, 'signed_out', now))) return
  const detail = { reason: 'signed_out' }
  const facts = { actorId: userId, subjectId: userId, sessionId, detail }
  await parts.audit.record('session.ended', facts, context)
}

function logoutAllRoute(parts: SignOutParts): Route {
  const { credentials, revoking, audit } = parts
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/logout-all',
      operationId: 'logoutAll',
      tag: 'Authentication',
      summary: 'Log out everywhere',
      access: 'bearer',
      counting: 'caller',
      success: { status: 204, description: 'Every session is over, every token dead' },
      problems: [],
    },
    async ({ principal, context }) => {
      const { account, sessionId } = principal
      await revoking.raiseEpochs(account.id, credentials.clock())
      const facts = { actorId: account.id, subjectId: account.id, sessionId }
      await audit.record('session.all_ended', facts, context)
      return { status: 204, cookies: [clearedCookie(credentials.cookie)] }
    },
  )
}
