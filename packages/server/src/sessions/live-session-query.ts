import type { Account } from '../accounts/account.ts'
import type { SessionLives } from './decide-refresh.ts'
import type { LiveSessionQuery } from './store.ts'

/** The sessions of an account that could be refreshed now. */
export function toLiveSessionQuery(
  account: Account,
  lives: SessionLives,
  now: number,
): LiveSessionQuery {
  return {
    userId: account.id,
    sessionEpoch: account.sessionEpoch,
    usedAfter: now - lives.idleMs,
    createdAfter: now - lives.maxMs,
  }
}
