import { z } from 'zod'
import { checkProof, type ProofChecks } from '../authentication/prove-second-factor.ts'
import { loadLivingFactors } from '../factors/factor.ts'
import type { FactorStore } from '../factors/store.ts'
import { problem } from '../http/problems.ts'
import { toVolumeLimit } from '../routing/count-call.ts'
import { passkeyAssertionSchema, requestOptionsSchema } from '../routing/passkey-schemas.ts'
import { refuseAttempt } from '../routing/refuse-attempt.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { deliverySchema, mfaTokenSchema, tokenAnswerSchema } from '../routing/schemas.ts'
import { createProofOptions } from './ceremony-options.ts'
import { checkAssertion } from './check-assertion.ts'
import { recordClone, refusePasskey } from './record-refusal.ts'
import type { PasskeySignInParts } from './sign-in-routes.ts'

export interface PasskeyProofParts extends PasskeySignInParts {
  readonly checks: ProofChecks
  readonly factors: PasskeySignInParts['factors'] & Pick<FactorStore, 'listFactors'>
}

/** As the second factor of a log-in, and to prove again who one is. */
export function passkeyProofRoutes(parts: PasskeyProofParts): Route[] {
  return [
    secondFactorOptionsRoute(parts),
    secondFactorRoute(parts),
    stepUpOptionsRoute(parts),
    stepUpRoute(parts),
  ]
}

const whatToAsk = {
  status: 200,
  description: 'What to ask the browser',
  schema: requestOptionsSchema,
} as const

function secondFactorOptionsRoute({ completion, relyingParty }: PasskeyProofParts): Route {
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/mfa/passkey/options',
      operationId: 'passkeySecondFactorOptions',
      tag: 'Passkeys',
      summary: 'Begin to complete a log-in with a passkey',
      description:
        'After a 401 `mfa_required` whose `factors` name `passkey`: for `navigator.credentials.get()`. It is good for ' +
        'five minutes and one answer.',
      access: 'anyone',
      counting: 'caller',
      body: z.strictObject({ mfaToken: mfaTokenSchema }),
      success: whatToAsk,
      problems: ['invalid_mfa_token'],
    },
    async ({ body }) => {
      const resumed = await completion.resume(body.mfaToken)
      if (!resumed?.possible.includes('passkey')) return problem('invalid_mfa_token')
      const { account, factors } = resumed
      const options = createProofOptions(relyingParty, 'secondFactor', account, factors)
      return { status: 200, body: { ...options } }
    },
  )
}

function secondFactorRoute(parts: PasskeyProofParts): Route {
  const { completion } = parts
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/mfa/passkey',
      operationId: 'passkeySecondFactor',
      tag: 'Passkeys',
      summary: 'Complete a log-in with a passkey',
      description: 'Wrong answers are counted per account, as wrong codes are.',
      access: 'anyone',
      counting: 'caller',
      body: z.strictObject({ mfaToken: mfaTokenSchema, response: passkeyAssertionSchema }),
      success: { status: 200, description: 'A new session', schema: tokenAnswerSchema },
      problems: ['invalid_mfa_token', 'invalid_code', 'too_many_requests'],
    },
    async ({ body: { mfaToken, response }, context }) => {
      const resumed = await completion.resume(mfaToken)
      if (resumed === undefined) return problem('invalid_mfa_token')
      const { account, factors, possible } = resumed
      const presented = { factor: 'passkey', code: '', response, factors, possible } as const
      const wrong = await checkProof(parts, account, presented, context)
      if (wrong) return wrong
      return completion.advance(resumed, 'passkey', context)
    },
  )
}

function stepUpOptionsRoute({ factors, relyingParty }: PasskeyProofParts): Route {
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/step-up/passkey/options',
      operationId: 'passkeyStepUpOptions',
      tag: 'Passkeys',
      summary: 'Begin to prove again who you are with a passkey',
      access: 'bearer',
      counting: 'caller',
      success: whatToAsk,
      problems: ['not_found'],
    },
    async ({ principal: { account } }) => {
      const living = await loadLivingFactors(factors, account)
      if (!living.some(({ kind }) => kind === 'passkey')) {
        return problem('not_found', { message: 'The account has no passkey' })
      }
      return {
        status: 200,
        body: { ...createProofOptions(relyingParty, 'stepUp', account, living) },
      }
    },
  )
}

function stepUpRoute(parts: PasskeyProofParts): Route {
  const { attempts, audit, settings, completion, relyingParty } = parts
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/step-up/passkey',
      operationId: 'passkeyStepUp',
      tag: 'Passkeys',
      summary: 'Prove again who you are with a passkey',
      description:
        'After a 401 `insufficient_user_authentication`. The answer is that of a log-in: a new session steps into the ' +
        'place of the present one, whose tokens are dead.',
      access: 'bearer',
      counting: 'caller',
      body: z.strictObject({ response: passkeyAssertionSchema, delivery: deliverySchema }),
      success: { status: 200, description: 'A new session', schema: tokenAnswerSchema },
      problems: ['invalid_passkey', 'too_many_requests'],
    },
    async ({ body: { response, delivery = 'cookie' }, principal, context }) => {
      const { id: accountId } = principal.account
      const who = { actorId: accountId, subjectId: accountId, sessionId: principal.sessionId }
      const limit = toVolumeLimit(settings.rateLimitLogin)
      const attempt = await attempts.reserve('factor', [accountId], limit)
      if (!attempt.granted) {
        const exceeded = { variable: 'RATE_LIMIT_LOGIN', kind: 'factor' }
        return refuseAttempt({ audit, ...settings }, attempt, exceeded, context, who)
      }
      const challenges = relyingParty.challenges.stepUp
      const expected = { challenges, accountId, userVerification: true }
      const checked = await checkAssertion(parts, response, expected)
      if (!checked.ok) {
        await recordClone(audit, checked, context)
        const detail = { reason: checked.reason, factor: 'passkey' }
        await audit.record('sign_in.failed', { ...who, detail }, context)
        return refusePasskey(checked.reason, settings.production)
      }
      await attempt.release()
      const { account } = principal
      const replaces = principal.sessionId
      return completion.finish({ account, proofs: ['passkey'], delivery, replaces }, context)
    },
  )
}
