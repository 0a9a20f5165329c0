import { z } from 'zod'
import type { AuditLog } from '../audit/audit-log.ts'
import type { RateLimit } from '../config/settings.ts'
import { findRefreshToken } from '../credentials/presented-refresh-token.ts'
import { type CredentialParts, issueTokenAnswer } from '../credentials/token-answer.ts'
import type { IdSource } from '../foundation/ids.ts'
import type { Randomness } from '../foundation/randomness.ts'
import { toLimitKey } from '../http/client-address.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { RevokingStore } from '../revocation/revoking-store.ts'
import { toVolumeLimit } from '../routing/count-call.ts'
import { busy } from '../routing/explain-account-refusal.ts'
import { refuseAttempt } from '../routing/refuse-attempt.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { passwordSchema, tokenAnswerSchema } from '../routing/schemas.ts'
import { findPresentedSession } from '../sessions/find-session.ts'
import { createSession } from '../sessions/start-session.ts'
import type { SessionStore } from '../sessions/store.ts'
import { checkPassword, type SignInParts, type SignInResult } from './sign-in.ts'

export interface SignInRouteParts extends Omit<SignInParts, 'limit'> {
  readonly sessions: Pick<SessionStore, 'insertSession' | 'findSessionWithAccount'>
  readonly revoking: Pick<RevokingStore, 'endSession'>
  readonly credentials: CredentialParts
  readonly audit: AuditLog
  readonly newId: IdSource
  readonly randomness: Randomness
  readonly settings: { readonly rateLimitLogin: RateLimit; readonly production: boolean }
}

export function signInRoutes(parts: SignInRouteParts): Route[] {
  const { credentials, audit, settings } = parts
  const signInParts = { ...parts, limit: toVolumeLimit(settings.rateLimitLogin) }

  const login = defineRoute(
    {
      method: 'POST',
      path: '/api/auth/login',
      operationId: 'login',
      tag: 'Authentication',
      summary: 'Log in',
      description:
        'The refresh token comes in an httpOnly cookie, or in the answer with `delivery: "body"`. A valid refresh ' +
        'cookie that comes along loses its session: the new one replaces it.',
      access: 'anyone',
      counting: 'caller',
      body: z.strictObject({
        username: z
          .string()
          .min(1)
          .meta({ examples: ['ada'] }),
        password: passwordSchema,
        delivery: z
          .enum(['cookie', 'body'])
          .optional()
          .meta({ description: 'Where the refresh token goes; a cookie when not sent' }),
      }),
      missingMessage: 'Username and password are required',
      success: { status: 200, description: 'A new session', schema: tokenAnswerSchema },
      problems: ['invalid_credentials', 'too_many_requests', 'busy'],
    },
    async ({ body, context }) => {
      const result = await checkPassword(signInParts, body, toLimitKey(context.ip))
      if (!result.ok) return refuse(parts, result, context)
      const { account } = result
      const session = createSession(account, context, { ...parts, clock: credentials.clock })
      const granted = { session, account, generation: session.generation }
      const answer = await issueTokenAnswer(credentials, granted, body.delivery ?? 'cookie')
      const facts = {
        actorId: account.id,
        subjectId: account.id,
        sessionId: session.id,
        detail: { factor: 'password' },
      }
      // Queued together, they share one commit.
      await Promise.all([
        parts.sessions.insertSession(session),
        audit.record('sign_in.succeeded', facts, context),
      ])
      await endReplacedSession(parts, context)
      return answer
    },
  )
  return [login]
}

async function refuse(
  parts: SignInRouteParts,
  result: Exclude<SignInResult, { ok: true }>,
  context: RequestContext,
): Promise<Problem> {
  const { audit, settings } = parts
  switch (result.reason) {
    case 'too_many': {
      const { production } = settings
      const exceeded = { variable: 'RATE_LIMIT_LOGIN', kind: 'login' }
      return refuseAttempt({ audit, production }, result.attempt, exceeded, context)
    }
    case 'busy':
      return busy(result.retryAfterSeconds)
    case 'unknown_user':
    case 'wrong_password':
    case 'disabled': {
      const detail = { reason: result.reason, factor: 'password' }
      const facts = { subjectId: result.account?.id ?? null, detail }
      await audit.record('sign_in.failed', facts, context)
      return problem('invalid_credentials')
    }
  }
}

async function endReplacedSession(parts: SignInRouteParts, context: RequestContext): Promise<void> {
  const { cookie, secrets, clock } = parts.credentials
  const presented = findRefreshToken(undefined, context.source, cookie)
  if (presented === undefined) return
  const replaced = await findPresentedSession(parts.sessions, secrets, presented.text)
  if (replaced === undefined) return
  const { id, userId } = replaced.session
  if (await parts.revoking.endSession(id, 'replaced', clock())) {
    const facts = { actorId: userId, subjectId: userId, sessionId: id }
    await parts.audit.record('session.ended', { ...facts, detail: { reason: 'replaced' } }, context)
  }
}
