// Second step: the proof that a log-in waits for. It owns the route and its limit; each kind of proof is checked by what
// is handed in, and whether the log-in is complete then is decided in authentication/.

import { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { SignInCompletion } from '../authentication/finish-sign-in.ts'
import type { RateLimit } from '../config/settings.ts'
import type { Factor, Proof } from '../factors/factor.ts'
import { problem } from '../http/problems.ts'
import type { AttemptLimits } from '../limits/attempt-limits.ts'
import { toVolumeLimit } from '../routing/count-call.ts'
import { refuseAttempt } from '../routing/refuse-attempt.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { mfaTokenSchema, tokenAnswerSchema } from '../routing/schemas.ts'

export interface PresentedProof {
  readonly account: Account
  /** The living factors of this kind. */
  readonly factors: readonly Factor[]
  /** As the user typed it. */
  readonly code: string
}

/** Whether this proves what it is said to. It spends what may be used once, and knows no HTTP. */
export type ProofCheck = (presented: PresentedProof) => Promise<boolean>

/** The kinds of proof that are a text. A kind that is missing here is refused. */
export type ProofChecks = Readonly<Partial<Record<Proof, ProofCheck>>>

export interface SecondStepParts {
  readonly completion: SignInCompletion
  readonly checks: ProofChecks
  readonly attempts: AttemptLimits
  readonly audit: AuditLog
  readonly settings: { readonly rateLimitLogin: RateLimit; readonly production: boolean }
}

export function secondStepRoutes(parts: SecondStepParts): Route[] {
  const { completion, checks, attempts, audit, settings } = parts
  const limit = toVolumeLimit(settings.rateLimitLogin)
  const secondStep = defineRoute(
    {
      method: 'POST',
      path: '/api/auth/mfa',
      operationId: 'proveSecondFactor',
      tag: 'Authentication',
      summary: 'Complete a log-in with a second factor',
      description:
        'After a 401 `mfa_required`: its `mfaToken`, one of its `factors`, and the code. The token is good for ten ' +
        'minutes and one session. Wrong codes are counted per account.',
      access: 'anyone',
      counting: 'caller',
      body: z.strictObject({
        mfaToken: mfaTokenSchema,
        factor: z.enum(['totp', 'recovery', 'email', 'password']),
        code: z
          .string()
          .min(1)
          .max(512)
          .meta({ examples: ['492039'] }),
      }),
      success: { status: 200, description: 'A new session', schema: tokenAnswerSchema },
      problems: [
        'invalid_mfa_token',
        'invalid_code',
        'mfa_enrollment_required',
        'too_many_requests',
      ],
    },
    async ({ body, context }) => {
      const resumed = await completion.resume(body.mfaToken)
      const check = checks[body.factor]
      if (resumed === undefined) return problem('invalid_mfa_token')
      const { account, factors, possible } = resumed
      const facts = { actorId: account.id, subjectId: account.id }
      const attempt = await attempts.reserve('factor', [account.id], limit)
      if (!attempt.granted) {
        const exceeded = { variable: 'RATE_LIMIT_LOGIN', kind: 'factor' }
        return refuseAttempt({ audit, ...settings }, attempt, exceeded, context, facts)
      }
      const own = factors.filter(({ kind }) => kind === body.factor)
      const presented = { account, factors: own, code: body.code }
      if (!possible.includes(body.factor) || !(await check?.(presented))) {
        const detail = { reason: 'wrong_second_factor', factor: body.factor }
        await audit.record('sign_in.failed', { ...facts, detail }, context)
        return problem('invalid_code')
      }
      await attempt.release()
      return completion.advance(resumed, body.factor, context)
    },
  )
  return [secondStep]
}
