import type { Clock } from '../foundation/clock.ts'
import type { IdSource } from '../foundation/ids.ts'
import type { LeaseStore } from '../leases/store.ts'
import { withLease } from '../leases/with-lease.ts'
import type { AccountStore } from './store.ts'

/** The role that may administer accounts. */
export const administratorRole = 'admin'

export interface AdministratorGuard {
  /**
   * Runs an act that may leave no administrator, alone: two administrators who demote each other at the same moment
   * cannot both succeed.
   * @returns what the act returns, or `last_admin` when nobody else could administer after it
   */
  guard<T>(accountId: string, act: () => Promise<T>): Promise<T | 'last_admin'>
}

export function createAdministratorGuard(
  store: LeaseStore & Pick<AccountStore, 'findAccount' | 'countOtherActiveAccounts'>,
  parts: { readonly clock: Clock; readonly newId: IdSource },
): AdministratorGuard {
  const isLast = async (accountId: string): Promise<boolean> => {
    const account = await store.findAccount(accountId)
    if (account?.role !== administratorRole || account.disabled) return false
    return (await store.countOtherActiveAccounts(administratorRole, accountId)) === 0
  }
  return {
    // The account is read inside the lease: what it was before does not count.
    guard: (accountId, act) =>
      withLease(store, 'administrators', parts, async (lease) => {
        if (await isLast(accountId)) return 'last_admin'
        lease.check()
        return act()
      }),
  }
}
