import type { Account } from '../accounts/account.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { RateLimit } from '../config/settings.ts'
import { type Factor, loadLivingFactors, type Proof, usableKinds } from '../factors/factor.ts'
import { readRecoverySet } from '../factors/recovery-codes.ts'
import type { FactorStore } from '../factors/store.ts'
import { day } from '../foundation/clock.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import { type Attempt, type AttemptLimits, reserveBoth } from '../limits/attempt-limits.ts'
import type { Busy } from '../passwords/hash-queue.ts'
import type { PasswordHasher } from '../passwords/password-hasher.ts'
import { toVolumeLimit } from '../routing/count-call.ts'
import { busy } from '../routing/explain-account-refusal.ts'
import type { PasskeyAssertion } from '../routing/passkey-schemas.ts'
import { refuseAttempt } from '../routing/refuse-attempt.ts'
import { decideCompletion } from './decide-completion.ts'

export interface PresentedProof {
  readonly account: Account
  /** The living factors of this kind. */
  readonly factors: readonly Factor[]
  /** As the user typed it; empty with a passkey. */
  readonly code: string
  /** A passkey's, which no user types. */
  readonly response?: PasskeyAssertion | undefined
  /** Of the log-in that waits for it; undefined where none does. */
  readonly signInId?: string | undefined
  readonly context: RequestContext
}

/** Uses up what may be used once: true for one of all who bring it, on whatever instance. */
export type SpendProof = () => Promise<boolean>

/**
 * Whether this proves what it is said to (undefined when not), or that nobody could look. Looking uses nothing up, so
 * that whatever else the act needs can still fail and leave the code good. It knows no HTTP.
 */
export type ProofCheck = (presented: PresentedProof) => Promise<SpendProof | Busy | undefined>

/** A kind of proof that is missing here is refused. */
export type ProofChecks = Readonly<Partial<Record<Proof, ProofCheck>>>

export interface FactorProofParts {
  readonly factors: Pick<FactorStore, 'listFactors'>
  readonly checks: ProofChecks
  readonly attempts: AttemptLimits
  readonly audit: AuditLog
  readonly settings: { readonly rateLimitLogin: RateLimit; readonly production: boolean }
}

export interface PresentedFactor {
  readonly factor: Proof
  readonly code: string
  readonly response?: PasskeyAssertion | undefined
  readonly signInId?: string | undefined
  readonly factors: readonly Factor[]
  readonly possible: readonly Proof[]
}

/** A proof that is good and not used up yet. One of the two ends it. */
export interface GoodProof {
  /** Undefined when it is used up for this act; else another act was quicker. */
  readonly spend: () => Promise<Problem | undefined>
  /** The act does not come to pass, for a reason that is nobody's fault: the code stays good, and it was no try. */
  readonly release: () => Promise<void>
}

type ProofParts = Omit<FactorProofParts, 'factors'>

/** Checks one code and uses it up. */
export async function checkProof(
  parts: ProofParts,
  account: Account,
  presented: PresentedFactor,
  context: RequestContext,
): Promise<Problem | undefined> {
  const proof = await examineProof(parts, account, presented, context)
  return 'problem' in proof ? proof : proof.spend()
}

/** Checks one code, counted per account: however many log-ins and links are tried at once, wrong codes add up. */
async function examineProof(
  parts: ProofParts,
  account: Account,
  { factor, code, response, signInId, factors, possible }: PresentedFactor,
  context: RequestContext,
): Promise<GoodProof | Problem> {
  const { checks, attempts, audit, settings } = parts
  const facts = { actorId: account.id, subjectId: account.id }
  const attempt = await reserveProof(attempts, settings.rateLimitLogin, account, factor)
  if (!attempt.granted) {
    const exceeded = { variable: 'RATE_LIMIT_LOGIN', kind: 'factor' }
    return refuseAttempt({ audit, ...settings }, attempt, exceeded, context, facts)
  }
  const own = factors.filter(({ kind }) => kind === factor)
  const check = possible.includes(factor) ? checks[factor] : undefined
  const spend = await check?.({ account, factors: own, code, response, signInId, context })
  if (typeof spend === 'object') {
    await attempt.release()
    return busy(spend.retryAfterSeconds)
  }
  const refuse = async (): Promise<Problem> => {
    const detail = { reason: 'wrong_second_factor', factor }
    await audit.record('sign_in.failed', { ...facts, detail }, context)
    return problem('invalid_code')
  }
  if (spend === undefined) return refuse()
  return {
    release: attempt.release,
    spend: async () => {
      if (!(await spend())) return refuse()
      await attempt.release()
      if (factor !== 'recovery') return undefined
      const remaining = readRecoverySet(own[0]?.secret ?? '[]').length - 1
      await audit.record('factor.used_recovery', { ...facts, detail: { remaining } }, context)
      return undefined
    },
  }
}

// Whoever knows the password and never gives up would hit six digits within a year at ten guesses in a quarter of an hour.
const digits: ReadonlySet<Proof> = new Set(['totp', 'email'])

function reserveProof(
  attempts: AttemptLimits,
  rate: RateLimit,
  { id }: Account,
  factor: Proof,
): Promise<Attempt> {
  const limit = toVolumeLimit(rate)
  const attempt = attempts.reserve('factor', [id], limit)
  if (!digits.has(factor)) return attempt
  const today = { count: 10 * limit.count, windowMs: Math.max(day, limit.windowMs) }
  return reserveBoth(attempt, () => attempts.reserve('factor', [id, 'digits'], today))
}

/**
 * Asks an account that proved its mailbox for its second factor, where it has one. What it answers is not used up yet:
 * `hashAndSpend` does that.
 */
export type RecoveryProof = (
  account: Account,
  presented: {
    readonly factor?: Proof | undefined
    readonly code?: string | undefined
    readonly response?: PasskeyAssertion | undefined
    /** Only the factors that were there at this time are asked for; default all of them. */
    readonly addedUntil?: number
  },
  context: RequestContext,
) => Promise<GoodProof | Problem>

export interface RecoveryProofParts extends FactorProofParts {
  /** What a passkey is asked with: there is no log-in in which it could be asked for. */
  readonly askPasskey: (account: Account, factors: readonly Factor[]) => object
}

export function createRecoveryProof(parts: RecoveryProofParts): RecoveryProof {
  return async (account, { factor, code, response, addedUntil = Infinity }, context) => {
    const living = await loadLivingFactors(parts.factors, account)
    const factors = living.filter(({ createdAt }) => createdAt <= addedUntil)
    const kinds = usableKinds(factors)
    const completion = decideCompletion({ kinds, proofs: ['email'], isRequired: false })
    if (completion.outcome !== 'second_factor') return unasked
    // The mailbox alone would be asked for twice: the password is what was forgotten.
    const possible = completion.possible.filter((proof) => proof !== 'password')
    if (possible.length === 0) return unasked
    if (factor === undefined || (code === undefined && response === undefined)) {
      const passkey = possible.includes('passkey') && parts.askPasskey(account, factors)
      return problem('mfa_required', {
        members: { factors: possible, ...(passkey && { passkey }) },
      })
    }
    const presented = { factor, code: code ?? '', response, factors, possible }
    return examineProof(parts, account, presented, context)
  }
}

/** Nothing is missing. */
export const unasked: GoodProof = {
  spend: () => Promise.resolve(undefined),
  release: () => Promise.resolve(),
}

/**
 * The hash of a recovered account's new password; what proved the second factor is used up for it.
 *
 * In this order: nobody takes a place among those who hash without a code that is good, and as many at once as may try
 * codes; and whoever finds no place (503) loses neither the code nor a try.
 */
export async function hashAndSpend(
  hasher: Pick<PasswordHasher, 'hash'>,
  proof: GoodProof,
  newPassword: string,
): Promise<string | Problem> {
  const hashed = await hasher.hash(newPassword)
  if (!hashed.ok) {
    await proof.release()
    return busy(hashed.retryAfterSeconds)
  }
  return (await proof.spend()) ?? hashed.hash
}

/** For a log-in that began with the mailbox. */
export function createPasswordCheck(hasher: PasswordHasher): ProofCheck {
  return async ({ account, code }) => {
    const verified = await hasher.verify(code, account.passwordHash)
    if (!verified.ok) return verified
    // A password is never used up.
    return verified.matches ? () => Promise.resolve(true) : undefined
  }
}
