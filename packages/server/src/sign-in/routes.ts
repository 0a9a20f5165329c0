import { z } from 'zod'
import type { AuditLog } from '../audit/audit-log.ts'
import type { SignInCompletion } from '../authentication/finish-sign-in.ts'
import type { RateLimit } from '../config/settings.ts'
import type { DeviceCookies } from '../credentials/device-cookie.ts'
import { toLimitKey } from '../http/client-address.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import { toVolumeLimit } from '../routing/count-call.ts'
import { busy } from '../routing/explain-account-refusal.ts'
import { refuseAttempt } from '../routing/refuse-attempt.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { deliverySchema, passwordSchema, tokenAnswerSchema } from '../routing/schemas.ts'
import { checkPassword, type SignInParts, type SignInResult } from './sign-in.ts'
import { watchFailure } from './watch-failures.ts'

export interface SignInRouteParts extends Omit<SignInParts, 'limits'> {
  readonly devices: Pick<DeviceCookies, 'recognize'>
  readonly completion: SignInCompletion
  readonly audit: AuditLog
  readonly settings: {
    readonly rateLimitLogin: RateLimit
    readonly rateLimitAccount: RateLimit
    readonly production: boolean
  }
}

export function signInRoutes(parts: SignInRouteParts): Route[] {
  const { completion, devices, settings } = parts
  const limits = {
    login: toVolumeLimit(settings.rateLimitLogin),
    account: toVolumeLimit(settings.rateLimitAccount),
  }
  const signInParts = { ...parts, limits }

  const login = defineRoute(
    {
      method: 'POST',
      path: '/api/auth/login',
      operationId: 'login',
      tag: 'Authentication',
      summary: 'Log in',
      description:
        'The refresh token comes in an httpOnly cookie, or in the answer with `delivery: "body"`. A valid refresh ' +
        'cookie that comes along loses its session: the new one replaces it. With the refresh cookie comes one of the ' +
        'device: failed log-ins that bring it are counted for that device alone, apart from those of strangers.',
      access: 'anyone',
      counting: 'caller',
      body: z.strictObject({
        username: z
          .string()
          .min(1)
          .meta({ examples: ['ada'] }),
        password: passwordSchema,
        delivery: deliverySchema,
      }),
      missingMessage: 'Username and password are required',
      success: { status: 200, description: 'A new session', schema: tokenAnswerSchema },
      problems: [
        'invalid_credentials',
        'mfa_required',
        'mfa_enrollment_required',
        'too_many_requests',
        'busy',
      ],
    },
    async ({ body, context }) => {
      const result = await checkPassword(signInParts, body, {
        addressKey: toLimitKey(context.ip),
        deviceOf: (account) => devices.recognize(context.source, account),
      })
      if (!result.ok) return refuse(parts, result, context)
      const { account, release } = result
      const proven = { account, proofs: ['password'], delivery: body.delivery ?? 'cookie' } as const
      const [answer] = await Promise.all([completion.finish(proven, context), release()])
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
  const { attempts, audit, settings } = parts
  switch (result.reason) {
    case 'too_many': {
      const { production } = settings
      const exceeded = { variable: result.attempt.variable, kind: 'login' }
      const facts = { subjectId: result.account?.id ?? null }
      return refuseAttempt({ audit, production }, result.attempt, exceeded, context, facts)
    }
    case 'busy':
      return busy(result.retryAfterSeconds)
    case 'unknown_user':
    case 'wrong_password':
    case 'disabled': {
      const detail = { reason: result.reason, factor: 'password' }
      const facts = { subjectId: result.account?.id ?? null, detail }
      await audit.record('sign_in.failed', facts, context)
      const { windowSeconds } = settings.rateLimitLogin
      const watch = { attempts, audit, windowMs: windowSeconds * 1000 }
      if (result.strangers) await watchFailure(watch, result.strangers, context)
      return problem('invalid_credentials')
    }
  }
}
