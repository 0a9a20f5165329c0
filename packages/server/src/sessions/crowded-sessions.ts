import type { Account } from '../accounts/account.ts'
import type { Clock } from '../foundation/clock.ts'
import type { SessionLives } from './decide-refresh.ts'
import { toLiveSessionQuery } from './live-session-query.ts'
import type { SessionStore } from './store.ts'

/** How many sessions an account may have at a time: as many as its owner is shown. */
export const mostSessions = 1_000

/**
 * The sessions that a new one leaves no room for, oldest last. A program that logs in again and again and never out would
 * otherwise leave more than its owner can look through, each of them a way in.
 */
export async function findCrowdedSessions(
  store: Pick<SessionStore, 'listLiveSessions'>,
  account: Account,
  { lives, clock }: { readonly lives: SessionLives; readonly clock: Clock },
): Promise<readonly string[]> {
  const query = { ...toLiveSessionQuery(account, lives, clock()), skip: mostSessions }
  return (await store.listLiveSessions(query)).map(({ id }) => id)
}
