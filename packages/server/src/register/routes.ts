// Register: how a stranger becomes a user. It owns the route and its limit; the account itself is opened by accounts/.

import { z } from 'zod'
import { parseEmailAddress } from '../accounts/email-address.ts'
import type { AccountOpener, AccountWish } from '../accounts/open-account.ts'
import { toProfile } from '../accounts/profile.ts'
import { recordAcceptedPassword } from '../accounts/record-accepted-password.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { limitMailbox } from '../authentication/limit-mail.ts'
import type { RateLimit } from '../config/settings.ts'
import type { RequestContext } from '../http/request-context.ts'
import { toLimitKey } from '../http/client-address.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { Answer } from '../http/reply.ts'
import type { AttemptLimits } from '../limits/attempt-limits.ts'
import { toVolumeLimit } from '../routing/count-call.ts'
import { explainAccountRefusal, invalidMember } from '../routing/explain-account-refusal.ts'
import { refuseAttempt } from '../routing/refuse-attempt.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import {
  emailSchema,
  newPasswordSchema,
  newUsernameSchema,
  profileSchema,
} from '../routing/schemas.ts'

export interface RegisterParts {
  /** Posts the mail that verifies the address; undefined where mails go nowhere. */
  readonly askForVerification: ((accountId: string, email: string) => Promise<void>) | undefined
  readonly opener: AccountOpener
  readonly attempts: AttemptLimits
  readonly audit: AuditLog
  readonly settings: {
    readonly registration: 'open' | 'closed'
    readonly rateLimitRegister: RateLimit
    readonly rateLimitMail: RateLimit
    readonly production: boolean
  }
}

export function registerRoutes(parts: RegisterParts): Route[] {
  const register = defineRoute(
    {
      method: 'POST',
      path: '/api/auth/register',
      operationId: 'register',
      tag: 'Authentication',
      summary: 'Register',
      access: 'anyone',
      counting: 'caller',
      body: z
        .strictObject({
          username: newUsernameSchema.optional(),
          password: newPasswordSchema,
          email: emailSchema.optional(),
        })
        .meta({ examples: [{ username: 'ada', password: 'correct horse battery staple' }] }),
      description:
        'With a name, an address, or both. An address is sent a link that verifies it; until then it opens nothing, and ' +
        'without a name the account goes by its id.',
      missingMessage: 'Username and password are required',
      success: {
        status: 201,
        description: 'The account exists; log in to get tokens',
        schema: z.strictObject({
          message: z.string().meta({ examples: ['User registered successfully'] }),
          user: profileSchema,
        }),
      },
      problems: [
        'username_taken',
        'weak_password',
        'registration_closed',
        'too_many_requests',
        'busy',
      ],
    },
    ({ body, context }) => registerAccount(parts, body, context),
  )
  return [register]
}

async function registerAccount(
  parts: RegisterParts,
  body: Pick<AccountWish, 'username' | 'password'> & { readonly email?: string | undefined },
  context: RequestContext,
): Promise<Answer> {
  const { opener, attempts, audit, settings } = parts
  if (settings.registration === 'closed') return problem('registration_closed')
  const unnamed = body.username === undefined ? refuseUnnamed(parts, body.email) : undefined
  if (unnamed) return unnamed
  const refusal = opener.check(body)
  if (refusal) return explainAccountRefusal(refusal)
  const limit = toVolumeLimit(settings.rateLimitRegister)
  const attempt = await attempts.reserve('register', [toLimitKey(context.ip)], limit)
  if (!attempt.granted) {
    const { production } = settings
    const exceeded = { variable: 'RATE_LIMIT_REGISTER', kind: 'register' }
    return refuseAttempt({ audit, production }, attempt, exceeded, context)
  }
  const flooded = await limitVerification(parts, body.email, context)
  if (flooded) return flooded
  const opened = await opener.open(body)
  if (!opened.ok) {
    // A registration counts either way; one that found no room to hash was none.
    if (opened.reason === 'busy') await attempt.release()
    return explainAccountRefusal(opened)
  }
  const { account, warning } = opened
  const who = { actorId: account.id, subjectId: account.id }
  await audit.record('account.registered', who, context)
  await recordAcceptedPassword(audit, warning, who, context)
  // Whether the address is anybody's is asked when the mail is sent, and only its mailbox is told.
  if (account.email !== null) await parts.askForVerification?.(account.id, account.email)
  const message = 'User registered successfully'
  return { status: 201, body: { message, user: toProfile(account) } }
}

/** Each account is a mail: so many of them as one mailbox may be sent can name it, whoever makes them. */
async function limitVerification(
  parts: RegisterParts,
  email: string | undefined,
  context: RequestContext,
): Promise<Problem | undefined> {
  const mailbox = email === undefined ? undefined : parseEmailAddress(email)
  if (mailbox === undefined || parts.askForVerification === undefined) return undefined
  return limitMailbox(parts, mailbox.key, context)
}

/** Without a name there has to be an address that can become the way in. */
function refuseUnnamed(
  { askForVerification }: RegisterParts,
  email: string | undefined,
): Problem | undefined {
  if (email === undefined || askForVerification === undefined) {
    const message = 'Username and password are required'
    const errors = [{ path: 'username', code: 'required', message: 'Username is required' }]
    return problem('invalid_request', { message, errors })
  }
  return parseEmailAddress(email)
    ? undefined
    : invalidMember('email', 'This is not an e-mail address')
}
