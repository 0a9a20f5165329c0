import type { Account } from '../accounts/account.ts'
import type { Clock } from '../foundation/clock.ts'
import type { IdSource } from '../foundation/ids.ts'
import type { Randomness } from '../foundation/randomness.ts'
import type { Session } from './session.ts'

export interface SessionClient {
  readonly ip: string
  readonly userAgent: string | null
}

/**
 * A new session of this account, not stored yet. It copies the epoch of the row that the log-in checked: when the
 * account changes meanwhile, the session is dead on arrival.
 */
export function createSession(
  account: Account,
  client: SessionClient,
  amr: readonly string[],
  parts: { readonly newId: IdSource; readonly randomness: Randomness; readonly clock: Clock },
): Session {
  const now = parts.clock()
  return {
    id: parts.newId(),
    userId: account.id,
    salt: parts.randomness(16),
    generation: 1,
    parent: null,
    rotatedAt: now,
    createdAt: now,
    lastUsedAt: now,
    endedAt: null,
    endReason: null,
    epoch: account.sessionEpoch,
    userAgent: client.userAgent,
    ip: client.ip,
    amr,
    authenticatedAt: now,
  }
}
