// Second step: the proof that a log-in waits for. It owns the route and its limit; each kind of proof is checked by what
// is handed in, and whether the log-in is complete then is decided in authentication/.

import { z } from 'zod'
import type { SignInCompletion } from '../authentication/finish-sign-in.ts'
import { checkProof, type FactorProofParts } from '../authentication/prove-second-factor.ts'
import { problem } from '../http/problems.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import {
  factorCodeSchema,
  mfaTokenSchema,
  secondFactorSchema,
  tokenAnswerSchema,
} from '../routing/schemas.ts'

export interface SecondStepParts extends Omit<FactorProofParts, 'factors'> {
  readonly completion: SignInCompletion
}

export function secondStepRoutes(parts: SecondStepParts): Route[] {
  const { completion } = parts
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
        factor: secondFactorSchema,
        code: factorCodeSchema,
      }),
      success: { status: 200, description: 'A new session', schema: tokenAnswerSchema },
      problems: [
        'invalid_mfa_token',
        'invalid_code',
        'mfa_enrollment_required',
        'too_many_requests',
        'busy',
      ],
    },
    async ({ body, context }) => {
      const resumed = await completion.resume(body.mfaToken)
      if (resumed === undefined) return problem('invalid_mfa_token')
      const { account, factors, possible, ticket } = resumed
      const { factor, code } = body
      const presented = { factor, code, signInId: ticket.id, factors, possible }
      const wrong = await checkProof(parts, account, presented, context)
      if (wrong) return wrong
      return completion.advance(resumed, body.factor, context)
    },
  )
  return [secondStep]
}
