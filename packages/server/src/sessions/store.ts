import type { Account } from '../accounts/account.ts'
import type { EndReason, Session } from './session.ts'

export interface SessionRotation {
  /** The generation that the caller read: the swap happens only while it is still the stored one. */
  readonly seen: number
  readonly generation: number
  readonly parent: number
  readonly now: number
}

export interface LiveSessionQuery {
  readonly userId: string
  /** Sessions with a lower epoch are dead. */
  readonly sessionEpoch: number
  /** Sessions used or created before these times are over. */
  readonly usedAfter: number
  readonly createdAfter: number
  /** How many of the newest to leave out. Default: none. */
  readonly skip?: number
}

/** Where sessions are kept. Each operation is atomic on one row and durable when its promise resolves. */
export interface SessionStore {
  insertSession(session: Session): Promise<void>
  /** The session and its account in one query. The account is undefined when it is gone or a tombstone. */
  findSessionWithAccount(
    id: string,
  ): Promise<{ readonly session: Session; readonly account: Account | undefined } | undefined>
  /**
   * Compare-and-swap: sets generation and parent, and rotatedAt and lastUsedAt to now, while the stored generation is
   * `seen` and the session has not ended.
   * @returns whether the swap happened
   */
  rotateSession(id: string, rotation: SessionRotation): Promise<boolean>
  /** Ends a session that has not ended. @returns whether it did */
  endSession(id: string, reason: EndReason, now: number): Promise<boolean>
  /**
   * Raises a session that has not ended from its account's epoch to the next (the session that asked for a password change
   * goes on). One that stands elsewhere died with an earlier epoch, and stays dead.
   * @returns whether it was raised
   */
  liftSession(id: string, epoch: { readonly from: number; readonly to: number }): Promise<boolean>
  /** Of the newest epoch first, and newest first among them; at most 1,000. */
  listLiveSessions(query: LiveSessionQuery): Promise<readonly Session[]>
  countLiveSessions(query: LiveSessionQuery): Promise<number>
  /** Deletes up to `limit` sessions that ended, were last used, or were created before these times. */
  pruneSessions(before: {
    readonly ended: number
    readonly used: number
    readonly created: number
    readonly limit: number
  }): Promise<number>
}
