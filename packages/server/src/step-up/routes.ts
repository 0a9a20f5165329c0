// Step-up: proving again who one is, in the middle of a session (RFC 9470). It is a log-in of the same account whose
// session steps into the place of the present one.

import { z } from 'zod'
import type { AuditLog } from '../audit/audit-log.ts'
import type { SignInCompletion } from '../authentication/finish-sign-in.ts'
import type { RateLimit } from '../config/settings.ts'
import { toLimitKey } from '../http/client-address.ts'
import { problem } from '../http/problems.ts'
import type { AttemptLimits } from '../limits/attempt-limits.ts'
import type { PasswordHasher } from '../passwords/password-hasher.ts'
import { toVolumeLimit } from '../routing/count-call.ts'
import { busy } from '../routing/explain-account-refusal.ts'
import { refuseAttempt } from '../routing/refuse-attempt.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { deliverySchema, passwordSchema, tokenAnswerSchema } from '../routing/schemas.ts'

export interface StepUpParts {
  readonly completion: SignInCompletion
  readonly hasher: PasswordHasher
  readonly attempts: AttemptLimits
  readonly audit: AuditLog
  readonly settings: { readonly rateLimitLogin: RateLimit; readonly production: boolean }
}

export function stepUpRoutes(parts: StepUpParts): Route[] {
  const { completion, hasher, attempts, audit, settings } = parts
  const limit = toVolumeLimit(settings.rateLimitLogin)
  const stepUp = defineRoute(
    {
      method: 'POST',
      path: '/api/auth/step-up',
      operationId: 'stepUp',
      tag: 'Authentication',
      summary: 'Prove again who you are',
      description:
        'After a 401 `insufficient_user_authentication`. The answer is that of a log-in: a new session steps into the ' +
        'place of the present one, whose tokens are dead. An account with a second factor gets `mfa_required` and goes ' +
        'on as a log-in does.',
      access: 'bearer',
      counting: 'caller',
      body: z.strictObject({ password: passwordSchema, delivery: deliverySchema }),
      success: { status: 200, description: 'A new session', schema: tokenAnswerSchema },
      problems: [
        'invalid_password',
        'mfa_required',
        'mfa_enrollment_required',
        'too_many_requests',
        'busy',
      ],
    },
    async ({ body, principal, context }) => {
      const { account, sessionId } = principal
      const facts = { actorId: account.id, subjectId: account.id, sessionId }
      const attempt = await attempts.reserve(
        'password',
        [account.id, toLimitKey(context.ip)],
        limit,
      )
      if (!attempt.granted) {
        const exceeded = { variable: 'RATE_LIMIT_LOGIN', kind: 'password' }
        return refuseAttempt({ audit, ...settings }, attempt, exceeded, context, facts)
      }
      const verified = await hasher.verify(body.password, account.passwordHash)
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
      const delivery = body.delivery ?? 'cookie'
      const proofs = ['password'] as const
      return completion.finish({ account, proofs, delivery, replaces: sessionId }, context)
    },
  )
  return [stepUp]
}
