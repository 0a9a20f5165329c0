import type { Account } from '../accounts/account.ts'
import { verifiedEmail } from '../accounts/email-address.ts'
import { checkStanding } from '../accounts/may-act.ts'
import type { AccountStore } from '../accounts/store.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { DeviceCookies } from '../credentials/device-cookie.ts'
import { findRefreshToken } from '../credentials/presented-refresh-token.ts'
import {
  type CredentialParts,
  type Delivery,
  issueTokenAnswer,
} from '../credentials/token-answer.ts'
import { type Factor, loadLivingFactors, type Proof, usableKinds } from '../factors/factor.ts'
import type { FactorStore } from '../factors/store.ts'
import type { IdSource } from '../foundation/ids.ts'
import type { Randomness } from '../foundation/randomness.ts'
import { problem } from '../http/problems.ts'
import type { Answer } from '../http/reply.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { Ticket, Tickets } from '../one-time/tickets.ts'
import type { RevokingStore } from '../revocation/revoking-store.ts'
import { findCrowdedSessions } from '../sessions/crowded-sessions.ts'
import { findPresentedSession } from '../sessions/find-session.ts'
import { createSession } from '../sessions/start-session.ts'
import type { SessionStore } from '../sessions/store.ts'
import { decideCompletion, hasSecondFactor } from './decide-completion.ts'
import type { NewDeviceCheck } from './new-device.ts'

/** What stands in the mfaToken: a log-in that waits for its second factor. */
export interface PendingSignIn {
  readonly accountId: string
  /** The account's sessionEpoch: what changes it (a new password, a disabling) ends the log-in, too. */
  readonly epoch: number
  readonly proofs: readonly [Proof, ...Proof[]]
  readonly delivery: Delivery
  /** The session in whose place the new one steps. */
  readonly replaces: string | null
}

export interface ProvenSignIn {
  /** As the proof was checked against it: a change since then makes the session dead on arrival. */
  readonly account: Account
  readonly proofs: readonly [Proof, ...Proof[]]
  readonly delivery: Delivery
  readonly replaces?: string | null
}

export interface ResumedSignIn extends ProvenSignIn {
  readonly factors: readonly Factor[]
  /** What may come next. */
  readonly possible: readonly Proof[]
  /** The policy asks for a second factor and the account has nothing that is one: it has to be added first. */
  readonly needsEnrollment: boolean
  readonly ticket: Ticket<PendingSignIn>
}

export interface SignInCompletion {
  /**
   * The session's token answer when enough was proven, else the problem that says what is missing, with the token to go
   * on with. Every way of logging in ends here, and nothing else starts a session.
   */
  finish(proven: ProvenSignIn, context: RequestContext): Promise<Answer>
  /** The log-in that an mfaToken stands for, if it may still go on. */
  resume(mfaToken: string): Promise<ResumedSignIn | undefined>
  /** The same log-in with one more proof; its token is spent, so that of all who bring it one gets the session. */
  advance(resumed: ResumedSignIn, proof: Proof, context: RequestContext): Promise<Answer>
}

export interface CompletionParts {
  readonly accounts: Pick<AccountStore, 'findAccount'>
  readonly factors: Pick<FactorStore, 'listFactors'>
  readonly sessions: Pick<
    SessionStore,
    'insertSession' | 'findSessionWithAccount' | 'listLiveSessions'
  >
  readonly revoking: Pick<RevokingStore, 'endSession'>
  readonly credentials: CredentialParts
  readonly devices: DeviceCookies
  readonly pending: Tickets<PendingSignIn>
  /** Whether accounts with this role need a second factor. */
  readonly needsSecondFactor: (role: string) => boolean
  /** Whether codes can be sent by mail. */
  readonly sendsMail: boolean
  /** Whether the owner is to be warned of a log-in from there. */
  readonly isNewDevice: NewDeviceCheck
  readonly audit: AuditLog
  readonly newId: IdSource
  readonly randomness: Randomness
}

export function createSignInCompletion(parts: CompletionParts): SignInCompletion {
  const decide = async (proven: ProvenSignIn) => {
    const { account, proofs } = proven
    const factors = await loadLivingFactors(parts.factors, account)
    const kinds = usableKinds(factors, proofs)
    const isRequired = parts.needsSecondFactor(account.role)
    // Whoever has to have a second factor and chose none has the mailbox that he proved to be his.
    if (isRequired && parts.sendsMail && !hasSecondFactor(kinds) && verifiedEmail(account)) {
      kinds.add('email')
    }
    return { factors, completion: decideCompletion({ kinds, proofs, isRequired }) }
  }
  const finish = async (proven: ProvenSignIn, context: RequestContext): Promise<Answer> => {
    const { completion } = await decide(proven)
    switch (completion.outcome) {
      case 'complete':
        return startSession(parts, proven, completion.amr, context)
      case 'second_factor':
        return problem('mfa_required', {
          members: { mfaToken: issuePending(parts, proven), factors: completion.possible },
        })
      case 'enrollment':
        return problem('mfa_enrollment_required', {
          members: { mfaToken: issuePending(parts, proven) },
        })
    }
  }
  return {
    finish,
    resume: async (mfaToken) => {
      const ticket = parts.pending.open(mfaToken)
      if (ticket === undefined) return undefined
      const { accountId, epoch, proofs, delivery, replaces } = ticket.facts
      const account = await parts.accounts.findAccount(accountId)
      const standing = checkStanding(account, { kind: 'session', epoch })
      if (account === undefined || standing !== 'may_act') return undefined
      const proven = { account, proofs, delivery, replaces }
      const { factors, completion } = await decide(proven)
      const possible = completion.outcome === 'second_factor' ? completion.possible : []
      const needsEnrollment = completion.outcome === 'enrollment'
      return { ...proven, factors, possible, needsEnrollment, ticket }
    },
    advance: async (resumed, proof, context) => {
      if (!(await parts.pending.spend(resumed.ticket))) return problem('invalid_mfa_token')
      return finish({ ...resumed, proofs: [...resumed.proofs, proof] }, context)
    },
  }
}

function issuePending({ pending }: CompletionParts, proven: ProvenSignIn): string {
  return pending.issue({
    accountId: proven.account.id,
    epoch: proven.account.sessionEpoch,
    proofs: proven.proofs,
    delivery: proven.delivery,
    replaces: proven.replaces ?? null,
  })
}

async function startSession(
  parts: CompletionParts,
  { account, proofs, delivery, replaces }: ProvenSignIn,
  amr: readonly string[],
  context: RequestContext,
): Promise<Answer> {
  const { credentials, audit } = parts
  const session = createSession(account, context, amr, { ...parts, clock: credentials.clock })
  const granted = { session, account, generation: session.generation }
  const answer = await issueTokenAnswer(credentials, granted, delivery)
  const isKnown = parts.devices.recognize(context.source, account) !== undefined
  const newDevice = !isKnown && (await parts.isNewDevice(account, context))
  const detail = { factor: proofs.join(' '), ...(newDevice && { newDevice }) }
  const who = { actorId: account.id, subjectId: account.id, sessionId: session.id }
  // Queued together, they share one commit.
  await Promise.all([
    parts.sessions.insertSession(session),
    audit.record('sign_in.succeeded', { ...who, detail }, context),
  ])
  if (typeof replaces === 'string') {
    await endOther(parts, replaces, account.id, 'replaced', context)
  }
  await endPresentedSession(parts, context)
  for (const id of await findCrowdedSessions(parts.sessions, account, credentials)) {
    await endOther(parts, id, account.id, 'crowded_out', context)
  }
  // With tokens in the body the client keeps no cookies, and is counted by its address as a stranger is.
  if (delivery === 'body') return answer
  const device = parts.devices.remember(context.source, account)
  return { ...answer, cookies: [...(answer.cookies ?? []), device] }
}

/** A log-in that carries a valid refresh cookie ends the session that it replaces. */
async function endPresentedSession(parts: CompletionParts, context: RequestContext): Promise<void> {
  const { cookie, secrets } = parts.credentials
  const presented = findRefreshToken(undefined, context.source, cookie)
  if (presented === undefined) return
  const replaced = await findPresentedSession(parts.sessions, secrets, presented.text)
  if (replaced === undefined) return
  const { id, userId } = replaced.session
  await endOther(parts, id, userId, 'replaced', context)
}

async function endOther(
  parts: CompletionParts,
  id: string,
  userId: string,
  reason: 'replaced' | 'crowded_out',
  context: RequestContext,
): Promise<void> {
  if (!(await parts.revoking.endSession(id, reason, parts.credentials.clock()))) return
  const facts = { actorId: userId, subjectId: userId, sessionId: id }
  await parts.audit.record('session.ended', { ...facts, detail: { reason } }, context)
}
