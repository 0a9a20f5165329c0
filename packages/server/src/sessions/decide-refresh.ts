import type { Account } from '../accounts/account.ts'
import { checkStanding } from '../accounts/may-act.ts'
import type { Session } from './session.ts'

export interface SessionLives {
  /** A session that is not refreshed for so long is over. */
  readonly idleMs: number
  /** No session lives longer. */
  readonly maxMs: number
  /** How long a repeated use of the last token counts as the same refresh. */
  readonly windowMs: number
}

/** What an authentic token of this generation means now, and what has to happen. */
export type RefreshDecision =
  | { readonly act: 'refuse'; readonly reason: 'account_gone' | 'revoked' | 'expired' }
  /** Move on to the next generation. The way there is told apart for the audit. */
  | {
      readonly act: 'rotate'
      readonly way: 'normal' | 'supersede' | 'restore'
      readonly generation: number
      readonly parent: number
    }
  /** Answer the same successor again; nothing is written. */
  | { readonly act: 'repeat'; readonly generation: number }
  /** A superseded token: the session ends. */
  | { readonly act: 'end' }

/**
 * The three-step rule. The first case that holds decides; their order is part of the rule. The token's MAC was checked
 * before.
 */
export function decideRefresh(
  presented: number,
  session: Session,
  account: Account | undefined,
  lives: SessionLives,
  now: number,
): RefreshDecision {
  const refusal = checkRefreshable(session, account, lives, now)
  if (refusal !== undefined) return { act: 'refuse', reason: refusal }

  if (presented === session.generation) {
    return { act: 'rotate', way: 'normal', generation: presented + 1, parent: presented }
  }
  // Only a database that lost writes (a failover, a restored backup) is behind a token with a good MAC.
  if (presented > session.generation) {
    return { act: 'rotate', way: 'restore', generation: presented + 1, parent: presented }
  }
  if (presented === session.parent) {
    // Concurrent tabs and retries. A clock that went backwards must not stretch the window, hence the absolute value.
    if (Math.abs(now - session.rotatedAt) < lives.windowMs) {
      return { act: 'repeat', generation: session.generation }
    }
    // The successor was lost on its way: its use would have moved the parent. It is dead from here on.
    const generation = session.generation + 1
    return { act: 'rotate', way: 'supersede', generation, parent: presented }
  }
  return { act: 'end' }
}

function checkRefreshable(
  session: Session,
  account: Account | undefined,
  lives: SessionLives,
  now: number,
): 'account_gone' | 'revoked' | 'expired' | undefined {
  const standing = checkStanding(account, { kind: 'session', epoch: session.epoch })
  if (standing === 'gone') return 'account_gone'
  if (session.endedAt !== null || standing !== 'may_act') return 'revoked'
  return isOver(session, lives, now) ? 'expired' : undefined
}

/** Whether the idle or the absolute life is over. */
export function isOver(
  session: Pick<Session, 'lastUsedAt' | 'createdAt'>,
  lives: SessionLives,
  now: number,
): boolean {
  return now - session.lastUsedAt >= lives.idleMs || now - session.createdAt >= lives.maxMs
}

/** Milliseconds until the session ends by itself if nobody refreshes it: the cookie's life. */
export function remainingLife(
  session: Pick<Session, 'createdAt'>,
  lives: SessionLives,
  now: number,
): number {
  return Math.max(0, Math.min(lives.idleMs, session.createdAt + lives.maxMs - now))
}
