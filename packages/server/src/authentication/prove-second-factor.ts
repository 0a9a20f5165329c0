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
  readonly context: RequestContext
}

/** Whether this proves what it is said to, or that nobody could look. It spends what may be used once, and knows no HTTP. */
export type ProofCheck = (presented: PresentedProof) => Promise<boolean | Busy>

/** A kind of proof that is missing here is refused. */
export type ProofChecks = Readonly<Partial<Record<Proof, ProofCheck>>>

export interface FactorProofParts {
  readonly factors: Pick<FactorStore, 'listFactors'>
  readonly checks: ProofChecks
  readonly attempts: AttemptLimits
  readonly audit: AuditLog
  readonly settings: { readonly rateLimitLogin: RateLimit; readonly production: boolean }
}

/** Checks one code, counted per account: however many log-ins and links are tried at once, wrong codes add up. */
export async function checkProof(
  { checks, attempts, audit, settings }: Omit<FactorProofParts, 'factors'>,
  account: Account,
  presented: {
    readonly factor: Proof
    readonly code: string
    readonly response?: PasskeyAssertion | undefined
    readonly factors: readonly Factor[]
    readonly possible: readonly Proof[]
  },
  context: RequestContext,
): Promise<Problem | undefined> {
  const { factor, code, response, factors, possible } = presented
  const facts = { actorId: account.id, subjectId: account.id }
  const attempt = await reserveProof(attempts, settings.rateLimitLogin, account, factor)
  if (!attempt.granted) {
    const exceeded = { variable: 'RATE_LIMIT_LOGIN', kind: 'factor' }
    return refuseAttempt({ audit, ...settings }, attempt, exceeded, context, facts)
  }
  const own = factors.filter(({ kind }) => kind === factor)
  const check = possible.includes(factor) ? checks[factor] : undefined
  const proven = (await check?.({ account, factors: own, code, response, context })) ?? false
  if (typeof proven === 'object') {
    await attempt.release()
    return busy(proven.retryAfterSeconds)
  }
  if (!proven) {
    const detail = { reason: 'wrong_second_factor', factor }
    await audit.record('sign_in.failed', { ...facts, detail }, context)
    return problem('invalid_code')
  }
  await attempt.release()
  if (factor === 'recovery') {
    const remaining = readRecoverySet(own[0]?.secret ?? '[]').length - 1
    await audit.record('factor.used_recovery', { ...facts, detail: { remaining } }, context)
  }
  return undefined
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

/** Asks an account that proved its mailbox for its second factor, where it has one. Undefined when nothing is missing. */
export type RecoveryProof = (
  account: Account,
  presented: {
    readonly factor?: Proof | undefined
    readonly code?: string | undefined
    readonly response?: PasskeyAssertion | undefined
  },
  context: RequestContext,
) => Promise<Problem | undefined>

export interface RecoveryProofParts extends FactorProofParts {
  /** What a passkey is asked with: there is no log-in in which it could be asked for. */
  readonly askPasskey: (account: Account, factors: readonly Factor[]) => object
}

export function createRecoveryProof(parts: RecoveryProofParts): RecoveryProof {
  return async (account, { factor, code, response }, context) => {
    const factors = await loadLivingFactors(parts.factors, account)
    const kinds = usableKinds(factors)
    const completion = decideCompletion({ kinds, proofs: ['email'], isRequired: false })
    if (completion.outcome !== 'second_factor') return undefined
    // The mailbox alone would be asked for twice: the password is what was forgotten.
    const possible = completion.possible.filter((proof) => proof !== 'password')
    if (possible.length === 0) return undefined
    if (factor === undefined || (code === undefined && response === undefined)) {
      const passkey = possible.includes('passkey') && parts.askPasskey(account, factors)
      return problem('mfa_required', {
        members: { factors: possible, ...(passkey && { passkey }) },
      })
    }
    const presented = { factor, code: code ?? '', response, factors, possible }
    return checkProof(parts, account, presented, context)
  }
}

/** For a log-in that began with the mailbox. */
export function createPasswordCheck(hasher: PasswordHasher): ProofCheck {
  return async ({ account, code }) => {
    const verified = await hasher.verify(code, account.passwordHash)
    return verified.ok ? verified.matches : verified
  }
}
