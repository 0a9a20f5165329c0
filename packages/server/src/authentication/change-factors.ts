// Who may add a factor to an account or take one away, and what happens besides: every other session ends, an audit
// event tells of it. Whatever a kind of factor needs to be proven comes before, in its own flow.

import type { Account } from '../accounts/account.ts'
import { checkStanding } from '../accounts/may-act.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { type Factor, isSecondFactor, loadLivingFactors } from '../factors/factor.ts'
import type { FactorStore } from '../factors/store.ts'
import type { IdSource } from '../foundation/ids.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { Answer } from '../http/reply.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { LeaseStore } from '../leases/store.ts'
import { withLease } from '../leases/with-lease.ts'
import type { RevokingStore } from '../revocation/revoking-store.ts'
import type { Principal } from '../routing/route.ts'
import type { ResumedSignIn, SignInCompletion } from './finish-sign-in.ts'
import { keepSession, type KeepSessionParts } from './keep-session.ts'
import { showFactor } from './shown-factor.ts'

/** What somebody brings who wants to add a factor. */
export interface EnrollmentRequest {
  /** Of a route with `access: 'enrolling'` and `recentAuthentication`, which has seen that the log-in is recent. */
  readonly principal: Principal | undefined
  readonly mfaToken?: string | undefined
}

/** Somebody who may add a factor to this account. */
export interface Enrollment {
  /** As it is now. */
  readonly account: Account
  /** Those that live. */
  readonly factors: readonly Factor[]
  /** The session that asks; undefined for a log-in that waits for its first factor. */
  readonly sessionId: string | undefined
  readonly resumed: ResumedSignIn | undefined
}

export type NewFactor = Pick<Factor, 'kind' | 'name' | 'externalId' | 'secret' | 'counter'> & {
  /** The account has one of its kind at most: this one takes the place of the one before. */
  readonly replaces?: true
}

export interface AddedFactor {
  readonly factor: NewFactor
  /** Refuses by what the account has. */
  readonly check?: (enrollment: Enrollment) => Problem | undefined
  /** More members of the answer. */
  readonly members?: Readonly<Record<string, unknown>>
}

export interface FactorChanges {
  /**
   * The one answer to "who may add a factor?": a session that logged in recently, or a log-in that the policy asks for
   * a factor of an account that has none. Never a log-in of somebody who has one: that would go around it.
   */
  admit(request: EnrollmentRequest): Promise<Enrollment | Problem>
  /**
   * Adds the factor for whoever is admitted at that moment. The answer is a fresh access token for the session that
   * asked, or, for a log-in that waited, what completing it answers.
   */
  add(request: EnrollmentRequest, added: AddedFactor, context: RequestContext): Promise<Answer>
  /** Recovery codes go with the last factor that they could stand in for. */
  remove(principal: Principal, id: string, context: RequestContext): Promise<Answer>
}

export interface FactorChangeParts extends KeepSessionParts {
  readonly factors: FactorStore
  readonly leases: LeaseStore
  readonly revoking: Pick<RevokingStore, 'raiseEpochs'>
  readonly completion: Pick<SignInCompletion, 'resume' | 'advance'>
  /** Whether accounts with this role need a second factor. */
  readonly needsSecondFactor: (role: string) => boolean
  readonly audit: AuditLog
  readonly newId: IdSource
}

/** A refusal, or, after the change is made, what makes its answer. */
type Outcome = Problem | (() => Promise<Answer>)

/** Well under what a store lists. */
const mostFactors = 30

export function createFactorChanges(parts: FactorChangeParts): FactorChanges {
  const { leases, credentials, newId } = parts
  // One change of an account's factors at a time: what is decided by those it has is still so when it is done.
  const alone = async (accountId: string, act: () => Promise<Outcome>): Promise<Answer> => {
    const timing = { clock: credentials.clock, newId }
    const outcome = await withLease(leases, `factors ${accountId}`, timing, act)
    return typeof outcome === 'function' ? outcome() : outcome
  }
  return {
    admit: (request) => admit(parts, request),
    add: async (request, added, context) => {
      const admitted = await admit(parts, request)
      if ('problem' in admitted) return admitted
      return alone(admitted.account.id, () => add(parts, request, added, context))
    },
    remove: (principal, id, context) =>
      alone(principal.account.id, () => remove(parts, principal, id, context)),
  }
}

async function admit(
  parts: FactorChangeParts,
  { principal, mfaToken }: EnrollmentRequest,
): Promise<Enrollment | Problem> {
  if (principal) return admitSession(parts, principal)
  if (mfaToken === undefined) return problem('no_token')
  const resumed = await parts.completion.resume(mfaToken)
  if (!resumed?.needsEnrollment) return problem('invalid_mfa_token')
  const { account, factors } = resumed
  return { account, factors, sessionId: undefined, resumed }
}

/** As of now: a session that was ended since the guard let it in, alone or with others, must not add anything. */
async function admitSession(
  { sessions, factors }: FactorChangeParts,
  { account: seen, sessionId }: Principal,
): Promise<Enrollment | Problem> {
  const { session, account } = (await sessions.findSessionWithAccount(sessionId)) ?? {}
  const standing = checkStanding(account, { kind: 'session', epoch: seen.sessionEpoch })
  if (!session || session.endedAt !== null || account === undefined || standing !== 'may_act') {
    return problem('invalid_token')
  }
  const living = await loadLivingFactors(factors, account)
  return { account, factors: living, sessionId, resumed: undefined }
}

async function add(
  parts: FactorChangeParts,
  request: EnrollmentRequest,
  { factor: { replaces, ...wished }, check, members }: AddedFactor,
  context: RequestContext,
): Promise<Outcome> {
  const admitted = await admit(parts, request)
  if ('problem' in admitted) return admitted
  const { account, factors: living } = admitted
  const refused = check?.(admitted)
  if (refused) return refused
  // The dead take room, and external ids that are unique.
  await parts.factors.deleteFactors(account.id, account.factorEpoch)
  const before = replaces && living.find(({ kind }) => kind === wished.kind)
  if (!before && living.length >= mostFactors) return problem('too_many_factors')
  if (!before && (await isTaken(parts, wished))) return problem('factor_exists')
  const own = { id: before?.id ?? parts.newId(), userId: account.id, epoch: account.factorEpoch }
  const createdAt = parts.credentials.clock()
  const factor: Factor = { ...own, ...wished, createdAt, lastUsedAt: null }
  const written = await writeBetweenEnds(parts, admitted, factor, before)
  if ('problem' in written) return written
  const detail = { factor: factor.kind, ...(before && { replaced: true }) }
  return async () => {
    await record(parts, 'factor.added', admitted, detail, context)
    const shown = { factor: showFactor(factor), ...members }
    return answerAdded(parts, admitted, written, shown, context)
  }
}

async function isTaken(
  { factors }: FactorChangeParts,
  { externalId }: Pick<Factor, 'externalId'>,
): Promise<boolean> {
  return externalId !== null && (await factors.findFactorByExternalId(externalId)) !== undefined
}

/**
 * The sessions end before the factor is there and once more after it. Before: whatever stops this process in between, no
 * session of before lives beside the factor. After: a log-in that looked for factors in between found none, and began a
 * session without it.
 * @returns the account as it is then
 */
async function writeBetweenEnds(
  parts: FactorChangeParts,
  { account, sessionId, resumed }: Enrollment,
  factor: Factor,
  before: Factor | undefined,
): Promise<Account | Problem> {
  // Whoever ended the sessions meanwhile did not want this one to leave a factor behind.
  const overtaken = problem(resumed ? 'invalid_mfa_token' : 'invalid_token')
  const ended = await endSessions(parts, account)
  if (ended === undefined) return overtaken
  const refused = await writeFactor(parts, factor, before)
  if (refused) {
    // Nothing was added: the session that asked goes on.
    const epoch = { from: account.sessionEpoch, to: ended.sessionEpoch }
    if (sessionId !== undefined) await parts.sessions.liftSession(sessionId, epoch)
    return refused
  }
  const endedAgain = await endSessions(parts, ended)
  if (endedAgain && !(await hasEnded(parts, sessionId))) return endedAgain
  await (before
    ? parts.factors.swapFactor(factor, before)
    : parts.factors.deleteFactor(account.id, factor.id))
  return overtaken
}

/** The session that asks, by its own end: the epochs tell of that of all. */
async function hasEnded(
  { sessions }: FactorChangeParts,
  sessionId: string | undefined,
): Promise<boolean> {
  if (sessionId === undefined) return false
  const found = await sessions.findSessionWithAccount(sessionId)
  return found === undefined || found.session.endedAt !== null
}

async function writeFactor(
  { factors }: FactorChangeParts,
  factor: Factor,
  before: Factor | undefined,
): Promise<Problem | undefined> {
  if (before) {
    const isSwapped = await factors.swapFactor(before, factor)
    // It was used at this very moment.
    return isSwapped ? undefined : problem('unavailable', { headers: { 'retry-after': '1' } })
  }
  return (await factors.insertFactor(factor)) === 'taken' ? problem('factor_exists') : undefined
}

async function answerAdded(
  parts: FactorChangeParts,
  { account: before, sessionId, resumed }: Enrollment,
  raised: Account,
  shown: { readonly factor: ReturnType<typeof showFactor> },
  context: RequestContext,
): Promise<Answer> {
  if (resumed) {
    const now = { ...resumed, account: raised }
    const answer = await parts.completion.advance(now, shown.factor.kind, context)
    return 'problem' in answer ? answer : { ...answer, body: { ...Object(answer.body), ...shown } }
  }
  const own = { before, raised, sessionId: sessionId ?? '' }
  const kept = await keepSession(parts, own, context)
  if (kept === undefined) return problem('invalid_token')
  return { status: 200, body: { ...kept.access, ...shown }, cookies: kept.cookies }
}

async function remove(
  parts: FactorChangeParts,
  principal: Principal,
  id: string,
  context: RequestContext,
): Promise<Outcome> {
  const admitted = await admitSession(parts, principal)
  if ('problem' in admitted) return admitted
  const { account, factors } = admitted
  const factor = factors.find((living) => living.id === id)
  if (factor === undefined) return problem('not_found')
  const rest = factors.filter((living) => living !== factor)
  const isLast = isSecondFactor(factor.kind) && !rest.some(({ kind }) => isSecondFactor(kind))
  if (isLast && parts.needsSecondFactor(account.role)) return problem('last_factor')
  // Before the factor goes: no session that was begun with it outlives it.
  const raised = await endSessions(parts, account)
  if (raised === undefined) return problem('invalid_token')
  for (const gone of isLast ? [...rest, factor] : [factor]) {
    await parts.factors.deleteFactor(account.id, gone.id)
  }
  return async () => {
    await record(parts, 'factor.removed', admitted, { factor: factor.kind }, context)
    const own = { before: account, raised, sessionId: principal.sessionId }
    const kept = await keepSession(parts, own, context)
    if (kept === undefined) return problem('invalid_token')
    return { status: 200, body: kept.access, cookies: kept.cookies }
  }
}

/** Undefined when the account's sessions were ended meanwhile, or the account is gone: then nobody is to be lifted. */
function endSessions(
  { revoking, credentials }: FactorChangeParts,
  account: Account,
): Promise<Account | undefined> {
  return revoking.raiseEpochs(account.id, credentials.clock(), account.sessionEpoch)
}

function record(
  { audit }: FactorChangeParts,
  type: 'factor.added' | 'factor.removed',
  { account, sessionId }: Enrollment,
  detail: Readonly<Record<string, string | boolean>>,
  context: RequestContext,
): Promise<void> {
  const who = { actorId: account.id, subjectId: account.id, sessionId: sessionId ?? null }
  return audit.record(type, { ...who, detail }, context)
}
