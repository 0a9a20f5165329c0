import { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import { type EmailAddress, parseEmailAddress, verifiedEmail } from '../accounts/email-address.ts'
import { checkStanding } from '../accounts/may-act.ts'
import type { PasswordPolicy } from '../accounts/open-account.ts'
import { recordAcceptedPassword } from '../accounts/record-accepted-password.ts'
import type { AccountStore } from '../accounts/store.ts'
import { acceptMailRequest } from '../authentication/accept-mail-request.ts'
import type { AuditOrigin } from '../audit/audit-log.ts'
import type { MailLimitParts } from '../authentication/limit-mail.ts'
import { hashAndSpend, type RecoveryProof, unasked } from '../authentication/prove-second-factor.ts'
import type { ChallengeStore } from '../challenges/store.ts'
import { type Factor, isSecondFactor, loadLivingFactors } from '../factors/factor.ts'
import type { FactorStore } from '../factors/store.ts'
import type { Clock } from '../foundation/clock.ts'
import type { IdSource } from '../foundation/ids.ts'
import { problem } from '../http/problems.ts'
import type { LeaseStore } from '../leases/store.ts'
import { withLease } from '../leases/with-lease.ts'
import type { PostMail } from '../mail/outbox.ts'
import type { Ticket } from '../one-time/tickets.ts'
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
import {
  changeEmailMail,
  type ChangeMailParts,
  emailChangedMail,
  type UndoFacts,
} from './change-address.ts'
import { isUndone, noteUndone } from './undone-changes.ts'

export interface ChangeAddressParts extends ChangeMailParts, MailLimitParts {
  readonly accounts: Pick<
    AccountStore,
    'findAccount' | 'findAccountByVerifiedEmail' | 'confirmEmail'
  >
  readonly factors: Pick<FactorStore, 'listFactors' | 'deleteFactor'>
  readonly challenges: ChallengeStore
  readonly leases: LeaseStore
  readonly newId: IdSource
  readonly revoking: Pick<RevokingStore, 'recoverAccount'>
  readonly proveSecondFactor: RecoveryProof
  /** Tells the mailbox from which an account is taken back: it has no other way to know (OWASP ASVS v5.0.0-6.3.7). */
  readonly tellTakenBack: (account: Account, address: string, origin: AuditOrigin) => Promise<void>
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
      // After whatever changed before, so that the order of changes is that of their times, on whatever instance.
      const now = Math.max(parts.clock(), before.updatedAt + 1)
      const change = { seen, seenEpoch: epoch, email }
      const changed = await parts.accounts.confirmEmail(accountId, change, now)
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
        'The old address is the account’s again, with a new password; every session ends, and the links that undo later ' +
        'changes are void. A second factor that was there before the change is asked for; those that were added since are ' +
        'gone.',
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
      const found = await findUndo(parts, body.token)
      if (found === undefined) return problem('invalid_code')
      const { account, ticket } = found
      const policy = { ...parts.policy, username: account.username, email: account.email }
      const checked = checkNewPassword(body.newPassword, policy)
      if (!checked.ok) return weakPassword('newPassword', checked)
      const addedUntil = ticket.facts.changedAt
      const hadFactors = hasFactor((await loadFactors(parts, account, addedUntil)).before)
      const presented = { ...body, addedUntil }
      const proof = hadFactors
        ? await parts.proveSecondFactor(account, presented, context)
        : unasked
      if ('problem' in proof) return proof
      const passwordHash = await hashAndSpend(parts.hasher, proof, body.newPassword)
      if (typeof passwordHash === 'object') return passwordHash
      const timing = { clock: parts.clock, newId: parts.newId }
      const recovered = await withLease(parts.leases, `address ${account.id}`, timing, () =>
        takeBack(parts, found, { passwordHash, hadFactors }),
      )
      if (recovered === 'email_taken') return problem('email_taken')
      if (recovered === undefined) return problem('invalid_code')
      const who = { actorId: account.id, subjectId: account.id }
      await parts.audit.record('email.change_undone', who, context)
      const given = verifiedEmail(account)
      if (given && given.key !== recovered.verifiedEmailKey) {
        await parts.tellTakenBack(recovered, given.address, context)
      }
      await recordAcceptedPassword(parts.audit, checked.warning, who, context)
      return { status: 204 }
    },
  )
}

interface Undo {
  readonly account: Account
  readonly email: EmailAddress
  readonly ticket: Ticket<UndoFacts>
}

/** The account as it is now, while the link is good for it. */
async function findUndo(parts: ChangeAddressParts, token: string): Promise<Undo | undefined> {
  const ticket = parts.undos.open(token)
  if (ticket === undefined) return undefined
  const { accountId, changedAt } = ticket.facts
  const account = await parts.accounts.findAccount(accountId)
  const email = parseEmailAddress(ticket.facts.email)
  if (!account || !email || checkStanding(account, { kind: 'password' }) !== 'may_act') {
    return undefined
  }
  if (await isUndone(parts.challenges, accountId, changedAt, parts.clock())) return undefined
  return { account, email, ticket }
}

/** Whoever took the account may be changing it at this very moment. That must not use up the one link of its owner. */
const tries = 5

/** One at a time for an account: of two links the earlier change's has the last word, whichever comes first. */
async function takeBack(
  parts: ChangeAddressParts,
  { account: { id }, email, ticket }: Undo,
  proven: { readonly passwordHash: string; readonly hadFactors: boolean },
): Promise<Account | 'email_taken' | undefined> {
  const { challenges, undos, accounts, revoking, clock } = parts
  const { changedAt } = ticket.facts
  if (await isUndone(challenges, id, changedAt, clock())) return undefined
  if (!(await undos.spend(ticket))) return undefined
  for (let turn = 0; turn < tries; turn++) {
    const account = await accounts.findAccount(id)
    const standing = checkStanding(account, { kind: 'password' })
    if (account === undefined || standing !== 'may_act') return undefined
    const { before, since } = await loadFactors(parts, account, changedAt)
    const hadFactors = hasFactor(before)
    if (hadFactors && !proven.hadFactors) return undefined
    // One that is added from here on raises the epoch that the recovery is bound to.
    for (const factor of since) await parts.factors.deleteFactor(id, factor.id)
    const now = clock()
    const undone = { from: changedAt, to: Math.max(now, account.updatedAt) }
    await noteUndone(challenges, id, undone, now)
    const { passwordHash } = proven
    const seenEpoch = account.sessionEpoch
    const recovery = { seenEpoch, passwordHash, email, dropsFactors: !hadFactors }
    const recovered = await revoking.recoverAccount(id, recovery, now)
    if (recovered !== undefined) return recovered
  }
  return undefined
}

/** Those that were there when the address was changed, and those of whoever changed it. */
async function loadFactors(
  { factors }: ChangeAddressParts,
  account: Account,
  changedAt: number,
): Promise<{ readonly before: readonly Factor[]; readonly since: readonly Factor[] }> {
  const living = await loadLivingFactors(factors, account)
  const isOfBefore = ({ createdAt }: Factor): boolean => createdAt <= changedAt
  return {
    before: living.filter(isOfBefore),
    since: living.filter((factor) => !isOfBefore(factor)),
  }
}

function hasFactor(factors: readonly Factor[]): boolean {
  return factors.some(({ kind }) => isSecondFactor(kind))
}
