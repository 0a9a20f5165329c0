// Step-up: proving again who one is, in the middle of a session (RFC 9470). It is a log-in of the same account whose
// session steps into the place of the present one.

import { z } from 'zod'
import {
  checkCurrentPassword,
  type CurrentPasswordParts,
} from '../authentication/check-current-password.ts'
import type { SignInCompletion } from '../authentication/finish-sign-in.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { deliverySchema, passwordSchema, tokenAnswerSchema } from '../routing/schemas.ts'

export interface StepUpParts extends CurrentPasswordParts {
  readonly completion: SignInCompletion
}

export function stepUpRoutes(parts: StepUpParts): Route[] {
  const { completion } = parts
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
      const wrong = await checkCurrentPassword(parts, account, body.password, context)
      if (wrong) return wrong
      const delivery = body.delivery ?? 'cookie'
      const proofs = ['password'] as const
      return completion.finish({ account, proofs, delivery, replaces: sessionId }, context)
    },
  )
  return [stepUp]
}
