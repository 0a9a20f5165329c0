import { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import { type EmailAddress, parseEmailAddress, verifiedEmail } from '../accounts/email-address.ts'
import { checkStanding } from '../accounts/may-act.ts'
import type { PasswordPolicy } from '../accounts/open-account.ts'
import { recordAcceptedPassword } from '../accounts/record-accepted-password.ts'
import type { AccountStore } from '../accounts/store.ts'
import { acceptMailRequest } from '../authentication/accept-mail-request.ts'
import type { MailLimitParts } from '../authentication/limit-mail.ts'
import {
  checkCurrentPassword,
  type CurrentPasswordParts,
} from '../authentication/check-current-password.ts'
import type { Clock } from '../foundation/clock.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { PostMail } from '../mail/outbox.ts'
import type { Ticket } from '../one-time/tickets.ts'
import { checkNewPassword } from '../passwords/check-password.ts'
import type { RevokingStore } from '../revocation/revoking-store.ts'
import { busy, invalidMember, weakPassword } from '../routing/explain-account-refusal.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import {
  linkTokenSchema,
  mailSentSchema,
  newPasswordSchema,
  passwordSchema,
} from '../routing/schemas.ts'
import {
  type VerificationFacts,
  type VerificationMailParts,
  verifyEmailMail,
} from './verify-address.ts'

export interface VerifyAddressParts
  extends VerificationMailParts,
    MailLimitParts,
    CurrentPasswordParts {
  readonly settings: MailLimitParts['settings'] & CurrentPasswordParts['settings']
  readonly accounts: Pick<
    AccountStore,
    'findAccount' | 'findAccountByVerifiedEmail' | 'confirmEmail'
  >
  readonly revoking: Pick<RevokingStore, 'recoverAccount'>
  readonly policy: PasswordPolicy
  readonly post: PostMail
  readonly clock: Clock
}

export function verifyAddressRoutes(parts: VerifyAddressParts): Route[] {
  return [askRoute(parts), verifyRoute(parts)]
}

function askRoute(parts: VerifyAddressParts): Route {
  const mail = verifyEmailMail(parts)
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/email/verification',
      operationId: 'requestEmailVerification',
      tag: 'Recovery',
      summary: 'Ask for a mail that verifies your address',
      access: 'bearer',
      counting: 'caller',
      success: { status: 202, description: 'Accepted', schema: mailSentSchema },
      problems: ['invalid_request', 'too_many_requests'],
    },
    async ({ principal, context }) => {
      const { account } = principal
      const body = { message: 'A mail is on its way' }
      if (verifiedEmail(account)) return { status: 202, body }
      const email = account.email ?? ''
      return acceptMailRequest(parts, email, context, async () => {
        await parts.post(mail, { accountId: account.id, email, takesOver: false })
        return body
      })
    },
  )
}

function verifyRoute(parts: VerifyAddressParts): Route {
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/email/verify',
      operationId: 'verifyEmail',
      tag: 'Recovery',
      summary: 'Verify an address with the link of a mail',
      description:
        'With `password`, the account’s own, everything else stays as it is. Whoever does not know it sends ' +
        '`newPassword`: then sessions, second factors and the old password end, because a stranger may have made the account. That is for the address ' +
        'of a registration alone.',
      access: 'anyone',
      counting: 'caller',
      body: z.strictObject({
        token: linkTokenSchema,
        password: passwordSchema.optional(),
        newPassword: newPasswordSchema.optional(),
      }),
      success: { status: 204, description: 'The address is verified' },
      problems: [
        'invalid_code',
        'invalid_password',
        'weak_password',
        'email_taken',
        'too_many_requests',
        'busy',
      ],
    },
    async ({ body, context }) => {
      const found = await findVerification(parts, body.token)
      if (found === undefined) return problem('invalid_code')
      const { password, newPassword } = body
      if ((password === undefined) === (newPassword === undefined)) {
        return invalidMember('password', 'Send either password or newPassword')
      }
      const failed =
        newPassword === undefined
          ? await keepAccount(parts, found, password ?? '', context)
          : await takeAccountOver(parts, found, newPassword, context)
      return failed ?? { status: 204 }
    },
  )
}

interface Verification {
  readonly account: Account
  readonly email: EmailAddress
  readonly ticket: Ticket<VerificationFacts>
}

/** The account as it is now, while the link is good for it. */
async function findVerification(
  { verifications, accounts }: VerifyAddressParts,
  token: string,
): Promise<Verification | undefined> {
  const ticket = verifications.open(token)
  if (ticket === undefined) return undefined
  const { accountId, epoch, email: written } = ticket.facts
  const account = await accounts.findAccount(accountId)
  const standing = checkStanding(account, { kind: 'session', epoch })
  const email = parseEmailAddress(written)
  if (account === undefined || standing !== 'may_act' || account.email !== written) return undefined
  return email && { account, email, ticket }
}

async function keepAccount(
  parts: VerifyAddressParts,
  { account, email, ticket }: Verification,
  password: string,
  context: RequestContext,
): Promise<Problem | undefined> {
  const wrong = await checkCurrentPassword(parts, account, password, context)
  if (wrong) return wrong
  if (!(await parts.verifications.spend(ticket))) return problem('invalid_code')
  // The hash may have waited while the owner ended everything.
  const change = { seen: account.email, seenEpoch: ticket.facts.epoch, email }
  const confirmed = await parts.accounts.confirmEmail(account.id, change, parts.clock())
  return concludeVerification(parts, account, confirmed, context)
}

async function takeAccountOver(
  parts: VerifyAddressParts,
  { account, email, ticket }: Verification,
  newPassword: string,
  context: RequestContext,
): Promise<Problem | undefined> {
  if (!ticket.facts.takesOver) {
    return invalidMember('password', 'This link needs the password of the account')
  }
  const policy = { ...parts.policy, username: account.username, email: account.email }
  const checked = checkNewPassword(newPassword, policy)
  if (!checked.ok) return weakPassword('newPassword', checked)
  const hashed = await parts.hasher.hash(newPassword)
  if (!hashed.ok) return busy(hashed.retryAfterSeconds)
  if (!(await parts.verifications.spend(ticket))) return problem('invalid_code')
  const { epoch: seenEpoch } = ticket.facts
  const recovery = { seenEpoch, passwordHash: hashed.hash, email, dropsFactors: true }
  const taken = await parts.revoking.recoverAccount(account.id, recovery, parts.clock())
  const failed = await concludeVerification(parts, account, taken, context)
  if (failed) return failed
  const who = { actorId: account.id, subjectId: account.id }
  await parts.audit.record('password.reset', who, context)
  await recordAcceptedPassword(parts.audit, checked.warning, who, context)
  return undefined
}

async function concludeVerification(
  { audit }: VerifyAddressParts,
  { id }: Account,
  result: Account | 'email_taken' | undefined,
  context: RequestContext,
): Promise<Problem | undefined> {
  if (result === undefined) return problem('invalid_code')
  if (result === 'email_taken') return problem('email_taken')
  await audit.record('email.verified', { actorId: id, subjectId: id }, context)
  return undefined
}
