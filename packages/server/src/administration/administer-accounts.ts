import type { AuditLog, AuditOrigin } from '../audit/audit-log.ts'
import type { Clock } from '../foundation/clock.ts'
import type { FactorStore } from '../factors/store.ts'
import type { RevokingStore } from '../revocation/revoking-store.ts'
import type { Account } from '../accounts/account.ts'
import { type AdministratorGuard, administratorRole } from '../accounts/last-administrator.ts'
import type { AccountStore, StandingChange } from '../accounts/store.ts'

/** Who administers: an administrator with a request, or nobody in particular (the library, the command line). */
export interface Actor<Refusal = never> {
  readonly actorId: string | null
  readonly origin?: AuditOrigin
  /** Why the actor may not act any more. Asked after the wait for other acts: one of them may have been against the actor. */
  readonly refuse?: () => Promise<Refusal | undefined>
}

export interface AccountAdministration {
  /** Changes role or standing; takes effect at once. */
  change<Refusal = never>(
    id: string,
    change: StandingChange,
    actor: Actor<Refusal>,
  ): Promise<Account | 'last_admin' | 'not_found' | Refusal>
  delete<Refusal = never>(
    id: string,
    actor: Actor<Refusal>,
  ): Promise<'deleted' | 'last_admin' | 'not_found' | Refusal>
  endSessions(id: string, actor: Actor): Promise<'ended' | 'not_found'>
}

export interface AccountAdministrationParts {
  readonly accounts: Pick<AccountStore, 'findAccount'>
  readonly revoking: Pick<RevokingStore, 'changeStanding' | 'deleteAccount' | 'raiseEpochs'>
  readonly guard: AdministratorGuard
  readonly factors: Pick<FactorStore, 'deleteFactors'>
  readonly audit: AuditLog
  readonly clock: Clock
}

export function createAccountAdministration(
  parts: AccountAdministrationParts,
): AccountAdministration {
  const { accounts, revoking, guard, factors, audit, clock } = parts
  return {
    change: async (id, change, actor) => {
      const before = await accounts.findAccount(id)
      if (before === undefined) return 'not_found'
      const act = () => revoking.changeStanding(id, change, clock())
      const mayRemoveAdministrator =
        change.disabled === true || (change.role !== undefined && change.role !== administratorRole)
      const outcome = mayRemoveAdministrator
        ? await guard.guard(id, () => unlessRefused(actor, act))
        : { done: await act() }
      if (outcome === 'last_admin') return outcome
      if ('refusal' in outcome) return outcome.refusal
      const after = outcome.done
      if (after === undefined) return 'not_found'
      await recordStanding(audit, before, after, actor)
      return after
    },
    delete: async (id, actor) => {
      const act = () => revoking.deleteAccount(id, clock())
      const outcome = await guard.guard(id, () => unlessRefused(actor, act))
      if (outcome === 'last_admin') return outcome
      if ('refusal' in outcome) return outcome.refusal
      if (!outcome.done) return 'not_found'
      await factors.deleteFactors(id, Number.MAX_SAFE_INTEGER)
      await audit.record('account.deleted', { actorId: actor.actorId, subjectId: id }, actor.origin)
      return 'deleted'
    },
    endSessions: async (id, actor) => {
      if (!(await revoking.raiseEpochs(id, clock()))) return 'not_found'
      await audit.record(
        'session.all_ended',
        { actorId: actor.actorId, subjectId: id },
        actor.origin,
      )
      return 'ended'
    },
  }
}

async function unlessRefused<T, Refusal>(
  { refuse }: Actor<Refusal>,
  act: () => Promise<T>,
): Promise<{ readonly done: T } | { readonly refusal: Refusal }> {
  const refusal = await refuse?.()
  return refusal === undefined ? { done: await act() } : { refusal }
}

async function recordStanding(
  audit: AuditLog,
  before: Account,
  after: Account,
  { actorId, origin }: Pick<Actor, 'actorId' | 'origin'>,
): Promise<void> {
  const facts = { actorId, subjectId: after.id }
  if (before.role !== after.role) {
    const detail = { from: before.role, to: after.role }
    await audit.record('account.role_changed', { ...facts, detail }, origin)
  }
  if (before.disabled !== after.disabled) {
    await audit.record(after.disabled ? 'account.disabled' : 'account.enabled', facts, origin)
  }
}
