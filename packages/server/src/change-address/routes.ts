import { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import { parseEmailAddress, verifiedEmail } from '../accounts/email-address.ts'
import { checkStanding } from '../accounts/may-act.ts'
import type { PasswordPolicy } from '../accounts/open-account.ts'
import { recordAcceptedPassword } from '../accounts/record-accepted-password.ts'
import type { AccountStore } from '../accounts/store.ts'
import { acceptMailRequest } from '../authentication/accept-mail-request.ts'
import type { MailLimitParts } from '../authentication/limit-mail.ts'
import { hashAndSpend, type RecoveryProof, unasked } from '../authentication/prove-second-factor.ts'
import { loadLivingFactors } from '../factors/factor.ts'
import type { FactorStore } from '../factors/store.ts'
import type { Clock } from '../foundation/clock.ts'
import { problem } from '../http/problems.ts'
import type { PostMail } from '../mail/outbox.ts'
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
import { changeEmailMail, type ChangeMailParts, emailChangedMail } from './change-address.ts'

export interface ChangeAddressParts extends ChangeMailParts, MailLimitParts {
  readonly accounts: Pick<
    AccountStore,
    'findAccount' | 'findAccountByVerifiedEmail' | 'confirmEmail'
  >
  readonly factors: Pick<FactorStore, 'listFactors'>
  readonly revoking: Pick<RevokingStore, 'recoverAccount'>
  readonly proveSecondFactor: RecoveryProof
  readonly hasher: PasswordHasher
  readonly policy: PasswordPolicy
  readonly post: PostMail
  readonly clock: Clock
}

const common = { tag: 'Recovery', counting: 'caller' } as const

export function changeAddressRoutes(parts: ChangeAddressParts): Route[] {
  return [askRoute(parts), confirmRoute(parts), undoRoute(parts)]
}

function askRoute(parts: ChangeAddressParts): Route {
  const mail = changeEmailMail(parts)
  return defineRoute(
    {
      ...common,
      method: 'POST',
      path: '/api/auth/email',
      operationId: 'requestEmailChange',
      summary: 'Change your address',
      description:
        'The new address gets a link that confirms it; until then nothing changes. The answer is the same whether ' +
        'another account has the address or not.',
      access: 'bearer',
      recentAuthentication: true,
      body: z.strictObject({ email: mailAddressSchema }),
      success: { status: 202, description: 'Accepted', schema: mailSentSchema },
      problems: ['too_many_requests'],
    },
    async ({ body, principal, context }) => {
      const { id: accountId, sessionEpoch: epoch, email: seen } = principal.account
      return acceptMailRequest(parts, body.email, context, async ({ address: email }) => {
        await parts.post(mail, { accountId, epoch, seen, email })
        return { message: 'A mail is on its way' }
      })
    },
  )
}

function confirmRoute(parts: ChangeAddressParts): Route {
  const mail = emailChangedMail(parts)
  return defineRoute(
    {
      ...common,
      method: 'POST',
      path: '/api/auth/email/confirm',
      operationId: 'confirmEmailChange',
      summary: 'Confirm a new address with the link of a mail',
      description: 'The old address is told, with a link that undoes it for seven days.',
      access: 'anyone',
      body: z.strictObject({ token: linkTokenSchema }),
      success: { status: 204, description: 'The account has the new address' },
      problems: ['invalid_code', 'email_taken'],
    },
    async ({ body, context }) => {
      const ticket = parts.changes.open(body.token)
      if (ticket === undefined) return problem('invalid_code')
      const { accountId, epoch, seen } = ticket.facts
      const email = parseEmailAddress(ticket.facts.email)
      const before = await parts.accounts.findAccount(accountId)
      const standing = checkStanding(before, { kind: 'session', epoch })
      if (before === undefined || !email || standing !== 'may_act') return problem('invalid_code')
      if (!(await parts.changes.spend(ticket))) return problem('invalid_code')
      const now = parts.clock()
      const changed = await parts.accounts.confirmEmail(accountId, { seen, email }, now)
      if (changed === 'email_taken') return problem('email_taken')
      if (changed === undefined) return problem('invalid_code')
      const facts = { actorId: accountId, subjectId: accountId }
      await parts.audit.record('email.changed', facts, context)
      const old = verifiedEmail(before)?.address
      if (old !== undefined) {
        const undo = { accountId, email: old, changedAt: now }
        const told = { ...undo, username: before.username, newEmail: email.address }
        await parts.post(mail, told)
      }
      return { status: 204 }
    },
  )
}

function undoRoute(parts: ChangeAddressParts): Route {
  return defineRoute(
    {
      ...common,
      method: 'POST',
      path: '/api/auth/email/undo',
      operationId: 'undoEmailChange',
      summary: 'Take an account back after its address was changed',
      description:
        'The old address is the account’s again, with a new password; every session ends. Second factors that were there ' +
        'before the change are asked for; without any, those that were added since are gone.',
      access: 'anyone',
      body: z.strictObject({
        token: linkTokenSchema,
        newPassword: newPasswordSchema,
        factor: recoveryFactorSchema.optional(),
        code: factorCodeSchema.optional(),
        response: passkeyAssertionSchema.optional(),
      }),
      success: { status: 204, description: 'The account is yours again' },
      problems: [
        'invalid_code',
        'weak_password',
        'mfa_required',
        'email_taken',
        'too_many_requests',
        'busy',
      ],
    },
    async ({ body, context }) => {
      const ticket = parts.undos.open(body.token)
      const account = ticket && (await parts.accounts.findAccount(ticket.facts.accountId))
      const email = ticket && parseEmailAddress(ticket.facts.email)
      if (!account || !email || checkStanding(account, { kind: 'password' }) !== 'may_act') {
        return problem('invalid_code')
      }
      const policy = { ...parts.policy, username: account.username, email: account.email }
      const checked = checkNewPassword(body.newPassword, policy)
      if (!checked.ok) return weakPassword('newPassword', checked)
      const hadFactors = await hadFactorsBefore(parts, account, ticket.facts.changedAt)
      const proof = hadFactors ? await parts.proveSecondFactor(account, body, context) : unasked
      if ('problem' in proof) return proof
      const passwordHash = await hashAndSpend(parts.hasher, proof, body.newPassword)
      if (typeof passwordHash === 'object') return passwordHash
      if (!(await parts.undos.spend(ticket))) return problem('invalid_code')
      const recovery = {
        seenEpoch: account.sessionEpoch,
        passwordHash,
        email,
        dropsFactors: !hadFactors,
      }
      const recovered = await parts.revoking.recoverAccount(account.id, recovery, parts.clock())
      if (recovered === 'email_taken') return problem('email_taken')
      if (recovered === undefined) return problem('invalid_code')
      const who = { actorId: account.id, subjectId: account.id }
      await parts.audit.record('email.change_undone', who, context)
      await recordAcceptedPassword(parts.audit, checked.warning, who, context)
      return { status: 204 }
    },
  )
}

async function hadFactorsBefore(
  { factors }: ChangeAddressParts,
  account: Account,
  changedAt: number,
): Promise<boolean> {
  const living = await loadLivingFactors(factors, account)
  return living.some(({ kind, createdAt }) => kind !== 'recovery' && createdAt <= changedAt)
}
