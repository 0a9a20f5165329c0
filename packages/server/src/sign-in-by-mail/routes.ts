import { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import { acceptMailRequest } from '../authentication/accept-mail-request.ts'
import type { SignInCompletion } from '../authentication/finish-sign-in.ts'
import type { MailLimitParts } from '../authentication/limit-mail.ts'
import type { RateLimit } from '../config/settings.ts'
import type { Delivery } from '../credentials/token-answer.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { Answer } from '../http/reply.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { GrantedAttempt } from '../limits/attempt-limits.ts'
import type { PostMail } from '../mail/outbox.ts'
import { toVolumeLimit } from '../routing/count-call.ts'
import { refuseAttempt } from '../routing/refuse-attempt.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import {
  deliverySchema,
  factorCodeSchema,
  linkTokenSchema,
  mailAddressSchema,
  tokenAnswerSchema,
} from '../routing/schemas.ts'
import { type CodeParts, redeemCode, signInMail } from './sign-in-by-mail.ts'

export interface SignInByMailParts extends CodeParts, MailLimitParts {
  readonly completion: SignInCompletion
  readonly post: PostMail
  readonly settings: MailLimitParts['settings'] & { readonly rateLimitLogin: RateLimit }
}

const common = { tag: 'Authentication', access: 'anyone', counting: 'caller' } as const

const opening = {
  success: { status: 200, description: 'A new session', schema: tokenAnswerSchema },
  problems: ['invalid_code', 'mfa_required', 'mfa_enrollment_required', 'too_many_requests'],
} as const

export function signInByMailRoutes(parts: SignInByMailParts): Route[] {
  return [askRoute(parts), codeRoute(parts), linkRoute(parts)]
}

function askRoute(parts: SignInByMailParts): Route {
  const mail = signInMail(parts)
  return defineRoute(
    {
      ...common,
      method: 'POST',
      path: '/api/auth/code',
      operationId: 'requestSignInCode',
      summary: 'Ask for a code and a link to log in with',
      description:
        'For a verified address. The answer is the same whether an account has it or not; the code is good for ten ' +
        'minutes, for this request, five tries and one log-in.',
      body: z.strictObject({ email: mailAddressSchema }),
      success: {
        status: 202,
        description: 'Send `challenge` along with the code',
        schema: z.strictObject({
          message: z.string().meta({ examples: ['If the address is known, a mail is on its way'] }),
          challenge: z.string().meta({ examples: ['AZxP3f0…'] }),
        }),
      },
      problems: ['too_many_requests'],
    },
    ({ body, context }) =>
      acceptMailRequest(parts, body.email, context, async ({ key }) => {
        const challenge = parts.codeRequests.issue({ key })
        const request = parts.codeRequests.open(challenge)?.id ?? ''
        await parts.post(mail, { key, request })
        return { message: 'If the address is known, a mail is on its way', challenge }
      }),
  )
}

function codeRoute(parts: SignInByMailParts): Route {
  return defineRoute(
    {
      ...common,
      ...opening,
      method: 'POST',
      path: '/api/auth/code/verify',
      operationId: 'signInWithCode',
      summary: 'Log in with the code of a mail',
      body: z.strictObject({
        challenge: linkTokenSchema,
        code: factorCodeSchema,
        delivery: deliverySchema,
      }),
    },
    async ({ body, context }) => {
      const ticket = parts.codeRequests.open(body.challenge)
      if (ticket === undefined) return problem('invalid_code')
      const { key } = ticket.facts
      const attempt = await countGuess(parts, key, context)
      if ('problem' in attempt) return attempt
      const presented = { key, request: ticket.id, code: body.code }
      const account = await redeemCode(parts, presented, 'code')
      if (account !== undefined) await attempt.release()
      return signIn(parts, account, body.delivery ?? 'cookie', context)
    },
  )
}

function linkRoute(parts: SignInByMailParts): Route {
  return defineRoute(
    {
      ...common,
      ...opening,
      method: 'POST',
      path: '/api/auth/link/verify',
      operationId: 'signInWithLink',
      summary: 'Log in with the link of a mail',
      description: 'Only this call logs in: opening the link does not.',
      body: z.strictObject({ token: linkTokenSchema, delivery: deliverySchema }),
    },
    async ({ body, context }) => {
      const ticket = parts.codeLinks.open(body.token)
      if (ticket === undefined) return problem('invalid_code')
      const account = await redeemCode(parts, ticket.facts, 'link')
      return signIn(parts, account, body.delivery ?? 'cookie', context)
    },
  )
}

/** Wrong codes are counted per mailbox, over all requests and instances: asking for another code buys no more tries. */
async function countGuess(
  { attempts, audit, settings }: SignInByMailParts,
  key: string,
  context: RequestContext,
): Promise<GrantedAttempt | Problem> {
  const attempt = await attempts.reserve('code', [key], toVolumeLimit(settings.rateLimitLogin))
  if (attempt.granted) return attempt
  const exceeded = { variable: 'RATE_LIMIT_LOGIN', kind: 'code' }
  return refuseAttempt({ audit, ...settings }, attempt, exceeded, context)
}

async function signIn(
  { audit, completion }: SignInByMailParts,
  account: Account | undefined,
  delivery: Delivery,
  context: RequestContext,
): Promise<Answer> {
  if (account === undefined) {
    const detail = { reason: 'wrong_code', factor: 'email' }
    await audit.record('sign_in.failed', { detail }, context)
    return problem('invalid_code')
  }
  return completion.finish({ account, proofs: ['email'], delivery }, context)
}
