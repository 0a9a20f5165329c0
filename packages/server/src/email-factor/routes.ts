import { z } from 'zod'
import { verifiedEmail } from '../accounts/email-address.ts'
import type { Enrollment, FactorChanges } from '../authentication/change-factors.ts'
import type { SignInCompletion } from '../authentication/finish-sign-in.ts'
import { limitMail, type MailLimitParts } from '../authentication/limit-mail.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { PostMail } from '../mail/outbox.ts'
import { invalidMember } from '../routing/explain-account-refusal.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { factorAddedSchema, mailSentSchema, mfaTokenSchema } from '../routing/schemas.ts'
import { type EmailFactorParts, secondFactorMail } from './email-factor.ts'

export interface EmailFactorRouteParts extends EmailFactorParts, MailLimitParts {
  readonly completion: SignInCompletion
  readonly factorChanges: Pick<FactorChanges, 'add'>
  readonly post: PostMail
}

export function emailFactorRoutes(parts: EmailFactorRouteParts): Route[] {
  return [addRoute(parts), sendRoute(parts)]
}

function addRoute({ factorChanges }: EmailFactorRouteParts): Route {
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/mfa/factors/email',
      operationId: 'addEmailFactor',
      tag: 'Second factors',
      summary: 'Make your verified address a second factor',
      description:
        'A log-in then needs a code that is sent to it. Every other session ends and every earlier access token is dead, ' +
        'the one of this call included: go on with the token of the answer.',
      access: 'bearer',
      recentAuthentication: true,
      counting: 'caller',
      success: { status: 200, description: 'It is one', schema: factorAddedSchema },
      problems: ['invalid_request', 'factor_exists'],
    },
    ({ principal, context }) => {
      const { account } = principal
      const factor = {
        kind: 'email',
        name: 'E-mail',
        // One of an account, and another after an account recovery, which this one would not survive.
        externalId: `email ${account.id} ${account.factorEpoch}`,
        secret: '',
        counter: 0,
      } as const
      return factorChanges.add({ principal }, { factor, check: requireAddress }, context)
    },
  )
}

function requireAddress({ account }: Enrollment): Problem | undefined {
  return verifiedEmail(account) ? undefined : invalidMember('email', 'Verify an address first')
}

function sendRoute(parts: EmailFactorRouteParts): Route {
  const mail = secondFactorMail(parts)
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/mfa/email',
      operationId: 'sendSecondFactorCode',
      tag: 'Authentication',
      summary: 'Have a code sent that completes a log-in',
      description: 'After a 401 `mfa_required` whose `factors` name `email`.',
      access: 'anyone',
      counting: 'caller',
      body: z.strictObject({ mfaToken: mfaTokenSchema }),
      success: { status: 202, description: 'Accepted', schema: mailSentSchema },
      problems: ['invalid_mfa_token', 'too_many_requests'],
    },
    async ({ body, context }) => {
      const resumed = await parts.completion.resume(body.mfaToken)
      if (!resumed?.possible.includes('email')) return problem('invalid_mfa_token')
      const { account, ticket } = resumed
      const limited = await limitMail(parts, account.verifiedEmailKey ?? account.id, context)
      if (limited) return limited
      await parts.post(mail, { accountId: account.id, signInId: ticket.id })
      return { status: 202, body: { message: 'A mail is on its way' } }
    },
  )
}
