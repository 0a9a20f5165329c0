import { z } from 'zod'
import type { SignInCompletion } from '../authentication/finish-sign-in.ts'
import type { RateLimit } from '../config/settings.ts'
import { toLimitKey } from '../http/client-address.ts'
import { problem } from '../http/problems.ts'
import type { AttemptLimits } from '../limits/attempt-limits.ts'
import { toVolumeLimit } from '../routing/count-call.ts'
import { passkeyAssertionSchema, requestOptionsSchema } from '../routing/passkey-schemas.ts'
import { refuseAttempt } from '../routing/refuse-attempt.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { deliverySchema, tokenAnswerSchema } from '../routing/schemas.ts'
import { createSignInOptions } from './ceremony-options.ts'
import { checkAssertion } from './check-assertion.ts'
import type { PasskeyCheckParts } from './passkey-check.ts'
import { recordClone } from './record-refusal.ts'

export interface PasskeySignInParts extends PasskeyCheckParts {
  readonly completion: SignInCompletion
  readonly attempts: AttemptLimits
  readonly settings: { readonly rateLimitLogin: RateLimit; readonly production: boolean }
}

export function passkeySignInRoutes(parts: PasskeySignInParts): Route[] {
  return [optionsRoute(parts), signInRoute(parts)]
}

function optionsRoute({ relyingParty }: PasskeySignInParts): Route {
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/passkeys/login/options',
      operationId: 'passkeySignInOptions',
      tag: 'Passkeys',
      summary: 'Begin a log-in with a passkey',
      description:
        'For `navigator.credentials.get()`, also with `mediation: "conditional"`. The answer names no passkey and is the ' +
        'same for everybody; it is good for five minutes and one log-in.',
      access: 'anyone',
      counting: 'caller',
      success: {
        status: 200,
        description: 'What to ask the browser',
        schema: requestOptionsSchema,
      },
      problems: [],
    },
    () => ({ status: 200, body: { ...createSignInOptions(relyingParty) } }),
  )
}

function signInRoute(parts: PasskeySignInParts): Route {
  const { attempts, audit, settings, completion, relyingParty } = parts
  const expected = {
    challenges: relyingParty.challenges.signIn,
    accountId: undefined,
    userVerification: true,
  }
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/passkeys/login',
      operationId: 'passkeySignIn',
      tag: 'Passkeys',
      summary: 'Log in with a passkey',
      description:
        'It is the whole log-in: the passkey says who it is, and its user was verified (a PIN, a finger, a face), so no ' +
        'second factor is asked for.',
      access: 'anyone',
      counting: 'caller',
      body: z.strictObject({ response: passkeyAssertionSchema, delivery: deliverySchema }),
      success: { status: 200, description: 'A new session', schema: tokenAnswerSchema },
      problems: ['invalid_credentials', 'too_many_requests'],
    },
    async ({ body: { response, delivery = 'cookie' }, context }) => {
      const limit = toVolumeLimit(settings.rateLimitLogin)
      const key = ['passkey', response.id, toLimitKey(context.ip)]
      const attempt = await attempts.reserve('login', key, limit)
      if (!attempt.granted) {
        const exceeded = { variable: 'RATE_LIMIT_LOGIN', kind: 'login' }
        return refuseAttempt({ audit, ...settings }, attempt, exceeded, context)
      }
      const checked = await checkAssertion(parts, response, expected)
      if (!checked.ok) {
        const { reason, account } = checked
        await recordClone(audit, checked, context)
        const facts = { subjectId: account?.id ?? null, detail: { reason, factor: 'passkey' } }
        await audit.record('sign_in.failed', facts, context)
        return problem('invalid_credentials')
      }
      await attempt.release()
      const { account } = checked
      return completion.finish({ account, proofs: ['passkey'], delivery }, context)
    },
  )
}
