import { z } from 'zod'
import { verifiedEmail } from '../accounts/email-address.ts'
import type { SignInCompletion } from '../authentication/finish-sign-in.ts'
import { limitMail, type MailLimitParts } from '../authentication/limit-mail.ts'
import { loadLivingFactors } from '../factors/factor.ts'
import type { FactorStore } from '../factors/store.ts'
import type { IdSource } from '../foundation/ids.ts'
import { problem } from '../http/problems.ts'
import type { PostMail } from '../mail/outbox.ts'
import { invalidMember } from '../routing/explain-account-refusal.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { mailSentSchema, mfaTokenSchema } from '../routing/schemas.ts'
import { type EmailFactorParts, secondFactorMail } from './email-factor.ts'

export interface EmailFactorRouteParts extends EmailFactorParts, MailLimitParts {
  readonly completion: SignInCompletion
  readonly factors: Pick<FactorStore, 'listFactors' | 'insertFactor'>
  readonly post: PostMail
  readonly newId: IdSource
}

export function emailFactorRoutes(parts: EmailFactorRouteParts): Route[] {
  return [addRoute(parts), sendRoute(parts)]
}

function addRoute({ factors, audit, newId, clock }: EmailFactorRouteParts): Route {
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/factors/email',
      operationId: 'addEmailFactor',
      tag: 'Second factors',
      summary: 'Make your verified address a second factor',
      description:
        'A log-in then needs a code that is sent to it. Adding it twice changes nothing.',
      access: 'bearer',
      recentAuthentication: true,
      counting: 'caller',
      success: { status: 204, description: 'It is one' },
      problems: ['invalid_request'],
    },
    async ({ principal, context }) => {
      const { account, sessionId } = principal
      if (!verifiedEmail(account)) return invalidMember('email', 'Verify an address first')
      const living = await loadLivingFactors(factors, account)
      if (living.some(({ kind }) => kind === 'email')) return { status: 204 }
      const now = clock()
      await factors.insertFactor({
        id: newId(),
        userId: account.id,
        kind: 'email',
        name: 'E-mail',
        epoch: account.factorEpoch,
        externalId: `email ${account.id} ${account.factorEpoch}`,
        secret: '',
        counter: 0,
        createdAt: now,
        lastUsedAt: null,
      })
      const who = { actorId: account.id, subjectId: account.id, sessionId }
      await audit.record('factor.added', { ...who, detail: { factor: 'email' } }, context)
      return { status: 204 }
    },
  )
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
      const { account } = resumed
      const limited = await limitMail(parts, account.verifiedEmailKey ?? account.id, context)
      if (limited) return limited
      await parts.post(mail, { accountId: account.id })
      return { status: 202, body: { message: 'A mail is on its way' } }
    },
  )
}
