import { setTimeout as sleep } from 'node:timers/promises'
import type { Account } from '../accounts/account.ts'
import { checkStanding } from '../accounts/may-act.ts'
import type { Clock } from '../foundation/clock.ts'
import { decideRefresh, type SessionLives } from './decide-refresh.ts'
import type { PresentedSession } from './find-session.ts'
import type { Session } from './session.ts'
import type { SessionStore } from './store.ts'

export type Continuation =
  | {
      readonly ok: true
      readonly session: Session
      readonly account: Account
      /** The generation of the successor token. */
      readonly generation: number
      readonly way: 'normal' | 'supersede' | 'restore' | 'repeat'
    }
  | {
      readonly ok: false
      readonly reason: 'account_gone' | 'revoked' | 'expired' | 'theft' | 'contended'
    }

export type ContinuationStore = Pick<
  SessionStore,
  'findSessionWithAccount' | 'rotateSession' | 'endSession'
>

const attempts = 3
/** Many times what lies between the two writes of an act that spares its own session, in milliseconds. */
const pausesBeforeOver = [20, 60, 180, 240]

type FoundSession = Omit<PresentedSession, 'generation'>

/**
 * Carries out the three-step rule: decides, swaps, and after a lost swap reads again and decides anew. It needs no lock
 * and no transaction, so it holds with any number of instances on one store.
 */
export async function continueSession(
  store: ContinuationStore,
  presented: PresentedSession,
  lives: SessionLives,
  clock: Clock,
): Promise<Continuation> {
  const { id } = presented.session
  let found = await untilLifted(store, presented)
  for (let attempt = 0; attempt < attempts && found !== undefined; attempt++) {
    const { session, account } = found
    const now = clock()
    const decision = decideRefresh(presented.generation, session, account, lives, now)
    if (decision.act === 'refuse') return { ok: false, reason: decision.reason }
    if (decision.act === 'end') {
      const hasEnded = await store.endSession(id, 'theft', now)
      return { ok: false, reason: hasEnded ? 'theft' : 'revoked' }
    }
    if (account === undefined) return { ok: false, reason: 'account_gone' }
    const { generation } = decision
    if (decision.act === 'repeat') return { ok: true, session, account, generation, way: 'repeat' }
    const rotation = { seen: session.generation, generation, parent: decision.parent, now }
    if (await store.rotateSession(id, rotation)) {
      return { ok: true, session, account, generation, way: decision.way }
    }
    found = await untilLifted(store, await store.findSessionWithAccount(id))
  }
  return { ok: false, reason: found === undefined ? 'revoked' : 'contended' }
}

/**
 * A password change ends every session and then lifts the one that asked (authentication/keep-session.ts). Whoever
 * refreshes that one in between, because the change has just killed its access token, must not be told that it is over.
 * @returns the session as it is when it was lifted, or was not
 */
async function untilLifted(
  store: Pick<ContinuationStore, 'findSessionWithAccount'>,
  presented: FoundSession | undefined,
): Promise<FoundSession | undefined> {
  let found = presented
  for (const pauseMs of pausesBeforeOver) {
    if (found === undefined || !isOutlived(found)) break
    await sleep(pauseMs)
    found = await store.findSessionWithAccount(found.session.id)
  }
  return found
}

function isOutlived({ session, account }: FoundSession): boolean {
  const standing = checkStanding(account, { kind: 'session', epoch: session.epoch })
  return session.endedAt === null && standing === 'epoch_over'
}
