// Refresh: from a refresh token to its successor and a fresh access token. It owns the order of the checks and their
// answers; what a token means is decided by sessions/decide-refresh.ts.

import { z } from 'zod'
import type { AuditLog } from '../audit/audit-log.ts'
import type { CookieGuard } from '../credentials/check-cookie-use.ts'
import { issueCsrfToken } from '../credentials/csrf-token.ts'
import { findRefreshToken } from '../credentials/presented-refresh-token.ts'
import { type CredentialParts, issueTokenAnswer } from '../credentials/token-answer.ts'
import { minute } from '../foundation/clock.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import { VolumeLimits } from '../limits/volume-limits.ts'
import type { RevokingStore } from '../revocation/revoking-store.ts'
import type { CallCounter } from '../routing/count-call.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { csrfTokenSchema, refreshTokenSchema, tokenAnswerSchema } from '../routing/schemas.ts'
import { toAcr } from '../sessions/authentication-context.ts'
import {
  type Continuation,
  type ContinuationStore,
  continueSession,
} from '../sessions/continue-session.ts'
import { isOver } from '../sessions/decide-refresh.ts'
import { checkStanding } from '../accounts/may-act.ts'
import { findPresentedSession, type PresentedSession } from '../sessions/find-session.ts'
import type { SessionStore } from '../sessions/store.ts'

export interface RefreshParts {
  readonly sessions: Pick<SessionStore, 'findSessionWithAccount' | 'rotateSession'>
  readonly revoking: Pick<RevokingStore, 'endSession'>
  readonly credentials: CredentialParts
  readonly guard: CookieGuard
  readonly counter: CallCounter
  /** Whether accounts with this role need a second factor. */
  readonly needsSecondFactor: (role: string) => boolean
  readonly audit: AuditLog
}

export function refreshRoutes(parts: RefreshParts): Route[] {
  return [refreshRoute(parts), csrfRoute(parts)]
}

function refreshRoute(parts: RefreshParts): Route {
  const { credentials, sessions, revoking, guard } = parts
  const recording = { audit: parts.audit, replays: new VolumeLimits(credentials.clock) }
  // A theft ends the session with its access tokens, so the ending has to be the one that takes effect at once.
  const store: ContinuationStore = {
    findSessionWithAccount: (id) => sessions.findSessionWithAccount(id),
    rotateSession: (id, rotation) => sessions.rotateSession(id, rotation),
    endSession: (id, reason, now) => revoking.endSession(id, reason, now),
  }
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/refresh',
      operationId: 'refresh',
      tag: 'Authentication',
      summary: 'Refresh',
      description:
        'Takes the token from the body, else from the cookie, and answers the way it came. The same token again within ' +
        '`REFRESH_WINDOW` gets the same successor, so a lost answer or a second tab does no harm; a superseded token ' +
        'ends the session.',
      access: 'anyone',
      counting: 'session',
      cookie: 'acts',
      body: z.strictObject({ refreshToken: refreshTokenSchema.optional() }).optional(),
      success: { status: 200, description: 'The session goes on', schema: tokenAnswerSchema },
      problems: [
        'refresh_token_required',
        'invalid_refresh_token',
        'token_revoked',
        'user_not_found',
        'invalid_csrf_token',
        'origin_not_allowed',
      ],
    },
    async ({ body, context }) => {
      const presented = findRefreshToken(body?.refreshToken, context.source, credentials.cookie)
      const loaded = await loadSession(parts, presented, context)
      if ('problem' in loaded) return loaded
      const { id } = loaded.found.session
      if (loaded.delivery === 'cookie' && !guard.hasCsrfToken(context, id)) {
        return guard.refuseCsrfToken(context, id)
      }
      const { lives, clock } = credentials
      const continuation = await continueSession(store, loaded.found, lives, clock)
      await recordContinuation(recording, loaded.found, continuation, context)
      if (!continuation.ok) return explainRefusal(continuation.reason)
      if (await endWeakSession(parts, continuation, context)) return explainRefusal('revoked')
      return issueTokenAnswer(credentials, continuation, loaded.delivery)
    },
  )
}

function csrfRoute(parts: RefreshParts): Route {
  const { credentials } = parts
  return defineRoute(
    {
      method: 'GET',
      path: '/api/auth/csrf',
      operationId: 'csrf',
      tag: 'Authentication',
      summary: 'Get the CSRF token',
      access: 'anyone',
      counting: 'session',
      cookie: 'reads',
      success: {
        status: 200,
        description: 'Send it as x-csrf-token with calls that use the cookie',
        schema: z.strictObject({ csrfToken: csrfTokenSchema }),
      },
      problems: [
        'refresh_token_required',
        'invalid_refresh_token',
        'token_revoked',
        'user_not_found',
        'origin_not_allowed',
      ],
    },
    async ({ context }) => {
      const presented = findRefreshToken(undefined, context.source, credentials.cookie)
      const loaded = await loadSession(parts, presented, context)
      if ('problem' in loaded) return loaded
      const { session, account } = loaded.found
      const standing = checkStanding(account, { kind: 'session', epoch: session.epoch })
      if (standing === 'gone') return explainRefusal('account_gone')
      if (standing !== 'may_act' || session.endedAt !== null) return explainRefusal('revoked')
      if (isOver(session, credentials.lives, credentials.clock())) return explainRefusal('expired')
      const csrfToken = issueCsrfToken(credentials.secrets, session.id)
      return { status: 200, body: { csrfToken } }
    },
  )
}

interface LoadedSession {
  readonly found: PresentedSession
  readonly delivery: 'cookie' | 'body'
}

/** The first checks, in the order of the contract: a token, a page that may send it, a token of ours. */
async function loadSession(
  parts: RefreshParts,
  presented: ReturnType<typeof findRefreshToken>,
  context: RequestContext,
): Promise<LoadedSession | Problem> {
  const { counter, guard, sessions, credentials } = parts
  const anonymous = { kind: 'address' } as const
  if (presented === undefined) {
    return counter.count(context, anonymous) ?? problem('refresh_token_required')
  }
  if (presented.delivery === 'cookie' && !guard.isPageTrusted(context)) {
    return counter.count(context, anonymous) ?? guard.refusePage(context)
  }
  const found = await findPresentedSession(sessions, credentials.secrets, presented.text)
  if (found === undefined) {
    return counter.count(context, anonymous) ?? problem('invalid_refresh_token')
  }
  const refusal = counter.count(context, { kind: 'session', id: found.session.id })
  return refusal ?? { found, delivery: presented.delivery }
}

/**
 * A role that was given since, or a setting that changed, may ask for a second factor that the log-in did not have. No
 * access token under them comes of it: the session ends, and its user logs in with both. @returns whether it was one
 */
async function endWeakSession(
  { revoking, credentials, needsSecondFactor, audit }: RefreshParts,
  { session, account }: Extract<Continuation, { ok: true }>,
  context: RequestContext,
): Promise<boolean> {
  if (toAcr(session.amr) !== 'sfa' || !needsSecondFactor(account.role)) return false
  const reason = 'too_weak'
  if (await revoking.endSession(session.id, reason, credentials.clock())) {
    const facts = { actorId: account.id, subjectId: account.id, sessionId: session.id }
    await audit.record('session.ended', { ...facts, detail: { reason } }, context)
  }
  return true
}

async function recordContinuation(
  { audit, replays }: { readonly audit: AuditLog; readonly replays: VolumeLimits },
  presented: PresentedSession,
  continuation: Continuation,
  context: RequestContext,
): Promise<void> {
  const { session } = presented
  const facts = {
    actorId: session.userId,
    subjectId: session.userId,
    sessionId: session.id,
    detail: { generation: presented.generation },
  }
  if (!continuation.ok) {
    if (continuation.reason === 'theft') await audit.record('session.theft', facts, context)
    return
  }
  switch (continuation.way) {
    case 'normal':
      return
    case 'repeat': {
      const isElsewhere =
        session.userAgent !== context.userAgent ||
        (session.ip !== null && session.ip !== context.ip)
      if (!isElsewhere) return
      // Once per session and minute: whoever holds a token may present it as often as the limit of calls allows.
      const { justExceeded } = replays.count(session.id, { count: 0, windowMs: minute })
      if (justExceeded) await audit.record('session.replayed_elsewhere', facts, context)
      return
    }
    case 'supersede':
      await audit.record('session.superseded', facts, context)
      return
    case 'restore':
      await audit.record('session.restored', facts, context)
      return
  }
}

type RefusalReason = Exclude<Continuation, { ok: true }>['reason']

function explainRefusal(reason: RefusalReason): Problem {
  switch (reason) {
    case 'account_gone':
      return problem('user_not_found')
    case 'revoked':
    case 'theft':
      return problem('token_revoked')
    case 'expired':
      return problem('invalid_refresh_token')
    case 'contended':
      return problem('unavailable', { headers: { 'retry-after': '1' } })
  }
}
