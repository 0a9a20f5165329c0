import type { ChallengeStore } from '../challenges/store.ts'
import { undoLifeMs } from './change-address.ts'

/** A change that was undone, and with it all that followed until then. */
interface Undone {
  /** When the address was changed. */
  readonly from: number
  /** When that was undone. */
  readonly to: number
}

const kind = 'undone-address'

/** To read is to take an attempt. Nobody makes so many in a week. */
const mostReads = 2 ** 31 - 1

/**
 * Whether this change was undone, by itself or with an earlier one. Whoever changes an address twice has a mailbox in the
 * middle, and its link would take the account away again from whom the first link gave it back to. And a mail that is sent
 * again has another link.
 */
export async function isUndone(
  challenges: ChallengeStore,
  accountId: string,
  changedAt: number,
  now: number,
): Promise<boolean> {
  const undone = await load(challenges, accountId, now)
  return undone.some(({ from, to }) => from <= changedAt && changedAt <= to)
}

/** One at a time for an account. */
export async function noteUndone(
  challenges: ChallengeStore,
  accountId: string,
  undone: Undone,
  now: number,
): Promise<void> {
  const known = await load(challenges, accountId, now)
  const concerning = known.filter(({ to }) => to + undoLifeMs > now)
  await challenges.putChallenge({
    kind,
    id: accountId,
    subject: accountId,
    payload: JSON.stringify([...concerning, undone]),
    attempts: 0,
    expiresAt: now + undoLifeMs,
  })
}

async function load(
  challenges: ChallengeStore,
  accountId: string,
  now: number,
): Promise<readonly Undone[]> {
  const found = await challenges.attemptChallenge(kind, accountId, mostReads, now)
  // Only noteUndone writes it.
  return found === undefined ? [] : (JSON.parse(found.payload) as Undone[])
}
