import type { AuditLog, AuditOrigin } from '../audit/audit-log.ts'
import type { Clock } from '../foundation/clock.ts'
import type { FactorStore } from '../factors/store.ts'
import type { RevokingStore } from '../revocation/revoking-store.ts'
import type { Account } from '../accounts/account.ts'
import { type AdministratorGuard, administratorRole } from '../accounts/last-administrator.ts'
import type { AccountStore, StandingChange } from '../accounts/store.ts'

/** Who administers: an administrator with a request, or nobody in particular (the library, the command line). */
export interface Actor {
  readonly actorId: string | null
  readonly origin?: AuditOrigin
}

export interface AccountAdministration {
  /** Changes role or standing; takes effect at once. */
  change(
    id: string,
    change: StandingChange,
    actor: Actor,
  ): Promise<Account | 'last_admin' | 'not_found'>
  delete(id: string, actor: Actor): Promise<'deleted' | 'last_admin' | 'not_found'>
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
      const after = mayRemoveAdministrator ? await guard.guard(id, act) : await act()
      if (after === 'last_admin') return after
      if (after === undefined) return 'not_found'
      await recordStanding(audit, before, after, actor)
      return after
    },
    delete: async (id, actor) => {
      const result = await guard.guard(id, () => revoking.deleteAccount(id, clock()))
      if (result === 'last_admin') return result
      if (!result) return 'not_found'
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

async function recordStanding(
  audit: AuditLog,
  before: Account,
  after: Account,
  { actorId, origin }: Actor,
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
