import { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import { checkStanding } from '../accounts/may-act.ts'
import type { PasswordPolicy } from '../accounts/open-account.ts'
import { recordAcceptedPassword } from '../accounts/record-accepted-password.ts'
import type { AccountStore } from '../accounts/store.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { hashAndSpend, type RecoveryProof } from '../authentication/prove-second-factor.ts'
import { acceptMailRequest } from '../authentication/accept-mail-request.ts'
import type { MailLimitParts } from '../authentication/limit-mail.ts'
import type { DeviceCookies } from '../credentials/device-cookie.ts'
import type { Clock } from '../foundation/clock.ts'
import { problem } from '../http/problems.ts'
import type { PostMail } from '../mail/outbox.ts'
import type { Ticket, Tickets } from '../one-time/tickets.ts'
import { checkNewPassword } from '../passwords/check-password.ts'
import type { PasswordHasher } from '../passwords/password-hasher.ts'
import type { RevokingStore } from '../revocation/revoking-store.ts'
import { weakPassword } from '../routing/explain-account-refusal.ts'
import { passkeyAssertionSchema } from '../routing/passkey-schemas.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import {
  factorCodeSchema,
  linkTokenSchema,
  mailAddressSchema,
  mailSentSchema,
  newPasswordSchema,
  recoveryFactorSchema,
} from '../routing/schemas.ts'
import { type ResetFacts, resetPasswordMail, type ResetMailParts } from './forgotten-password.ts'

export interface ForgottenPasswordParts extends ResetMailParts, MailLimitParts {
  readonly accounts: Pick<AccountStore, 'findAccount' | 'findAccountByVerifiedEmail'>
  readonly revoking: Pick<RevokingStore, 'recoverAccount'>
  readonly hasher: PasswordHasher
  readonly policy: PasswordPolicy
  readonly resets: Tickets<ResetFacts>
  readonly proveSecondFactor: RecoveryProof
  readonly post: PostMail
  readonly audit: AuditLog
  readonly clock: Clock
  readonly devices: Pick<DeviceCookies, 'remember'>
}

export function forgottenPasswordRoutes(parts: ForgottenPasswordParts): Route[] {
  return [forgotRoute(parts), resetRoute(parts)]
}

function forgotRoute(parts: ForgottenPasswordParts): Route {
  const mail = resetPasswordMail(parts)
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/password/forgot',
      operationId: 'forgotPassword',
      tag: 'Recovery',
      summary: 'Ask for a mail that resets your password',
      description:
        'The answer is the same, and takes as long, whether an account has verified the address or not.',
      access: 'anyone',
      counting: 'caller',
      body: z.strictObject({ email: mailAddressSchema }),
      success: { status: 202, description: 'Accepted', schema: mailSentSchema },
      problems: ['too_many_requests'],
    },
    ({ body, context }) =>
      acceptMailRequest(parts, body.email, context, async ({ key }) => {
        await parts.post(mail, { key })
        return { message: 'If the address is known, a mail is on its way' }
      }),
  )
}

function resetRoute(parts: ForgottenPasswordParts): Route {
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/password/reset',
      operationId: 'resetPassword',
      tag: 'Recovery',
      summary: 'Set a new password with the link of a mail',
      description:
        'Every session of the account ends, and none begins: log in with the new password. An account with a second ' +
        'factor is asked for it (401 `mfa_required` with `factors`): send `factor` and `code` as well.',
      access: 'anyone',
      counting: 'caller',
      body: z.strictObject({
        token: linkTokenSchema,
        newPassword: newPasswordSchema,
        factor: recoveryFactorSchema.optional(),
        code: factorCodeSchema.optional(),
        response: passkeyAssertionSchema.optional(),
      }),
      success: { status: 204, description: 'The password is set; every session has ended' },
      problems: ['invalid_code', 'weak_password', 'mfa_required', 'too_many_requests', 'busy'],
    },
    async ({ body, context }) => {
      const found = await findReset(parts, body.token)
      if (found === undefined) return problem('invalid_code')
      const { account, ticket } = found
      const policy = { ...parts.policy, username: account.username, email: account.email }
      const checked = checkNewPassword(body.newPassword, policy)
      if (!checked.ok) return weakPassword('newPassword', checked)
      const proof = await parts.proveSecondFactor(account, body, context)
      if ('problem' in proof) return proof
      const passwordHash = await hashAndSpend(parts.hasher, proof, body.newPassword)
      if (typeof passwordHash === 'object') return passwordHash
      // Last: whoever finds no room to hash may use the link again.
      if (!(await parts.resets.spend(ticket))) return problem('invalid_code')
      const recovery = { seenEpoch: ticket.facts.epoch, passwordHash, dropsFactors: false }
      const recovered = await parts.revoking.recoverAccount(account.id, recovery, parts.clock())
      if (typeof recovered !== 'object') return problem('invalid_code')
      const who = { actorId: account.id, subjectId: account.id }
      await parts.audit.record('password.reset', who, context)
      await recordAcceptedPassword(parts.audit, checked.warning, who, context)
      // Whoever is kept out by an attack on the password comes in again on this device.
      return { status: 204, cookies: [parts.devices.remember(context.source, recovered)] }
    },
  )
}

/** The account as it is now, while the link is good for it. */
async function findReset(
  { resets, accounts }: ForgottenPasswordParts,
  token: string,
): Promise<{ account: Account; ticket: Ticket<ResetFacts> } | undefined> {
  const ticket = resets.open(token)
  if (ticket === undefined) return undefined
  const { accountId, epoch, key } = ticket.facts
  const account = await accounts.findAccount(accountId)
  const standing = checkStanding(account, { kind: 'session', epoch })
  if (account === undefined || standing !== 'may_act' || account.verifiedEmailKey !== key) {
    return undefined
  }
  return { account, ticket }
}
