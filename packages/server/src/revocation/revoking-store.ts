import type { AccountStore } from '../accounts/store.ts'
import type { Clock } from '../foundation/clock.ts'
import type { Account } from '../accounts/account.ts'
import type { SessionStore } from '../sessions/store.ts'
import type { Revocation } from './store.ts'

/** Every store operation that kills a session or a token. */
export type RevokingStore = Pick<
  AccountStore,
  'changePassword' | 'changeStanding' | 'raiseEpochs' | 'recoverAccount' | 'deleteAccount'
> &
  Pick<SessionStore, 'endSession'>

/** Whoever has to know of a revocation as it commits: this process's memory, the other instances. */
export interface RevocationNotes {
  note(revocation: Revocation): void
}

/**
 * The store's revoking operations, each of which also takes effect in this process before its promise resolves. Flows
 * are given these and not the store's own, so that none can forget.
 */
export function createRevokingStore(
  store: RevokingStore,
  live: RevocationNotes,
  clock: Clock,
): RevokingStore {
  // It is news from now on: whoever follows us may stand at a later time than the one that was decided.
  const note = (revocation: Revocation): void =>
    live.note({ ...revocation, at: Math.max(revocation.at, clock()) })
  const noteAccount = (account: Account | undefined, at: number): Account | undefined => {
    if (account) note({ kind: 'subject', subject: account.id, epoch: account.tokenEpoch, at })
    return account
  }
  return {
    changePassword: async (id, change, now) =>
      noteAccount(await store.changePassword(id, change, now), now),
    changeStanding: async (id, change, now) =>
      noteAccount(await store.changeStanding(id, change, now), now),
    raiseEpochs: async (id, now, seenEpoch) =>
      noteAccount(await store.raiseEpochs(id, now, seenEpoch), now),
    recoverAccount: async (id, recovery, now) => {
      const recovered = await store.recoverAccount(id, recovery, now)
      if (typeof recovered === 'object') noteAccount(recovered, now)
      return recovered
    },
    deleteAccount: async (id, now) => {
      const isDeleted = await store.deleteAccount(id, now)
      const epoch = Number.POSITIVE_INFINITY
      if (isDeleted) note({ kind: 'subject', subject: id, epoch, at: now })
      return isDeleted
    },
    endSession: async (id, reason, now) => {
      const hasEnded = await store.endSession(id, reason, now)
      if (hasEnded) note({ kind: 'session', sessionId: id, at: now })
      return hasEnded
    },
  }
}
