import type { Clock } from '../foundation/clock.ts'
import type { LiveRevocations } from './live-revocations.ts'
import type { RevocationStore } from './store.ts'

export interface RevocationFollower {
  /** Reads what was revoked since the last call. Also what another process did, a command line included. */
  follow(): Promise<void>
  /**
   * Undefined when everything that was committed a second ago is known here, which is so as long as this process and the
   * store keep going. Otherwise what to wait for before anybody is let in: a process that stood still wakes up with what
   * it knew then.
   * @throws StoreUnavailableError when the store does not tell
   */
  catchUp(): Promise<void> | undefined
  /** Everything that was committed before this time is known here; undefined before the first reading. */
  completeUntil(): number | undefined
}

// A commit may become visible a little after the time that it carries.
const overlapMs = 10_000
// And long after, when the process that decided it stood still meanwhile (a machine that is moved or sleeps).
const latestMs = 120_000
const lookForLateEveryMs = 30_000
/** What SECURITY.md promises for every process on the store. */
const boundMs = 1_000

/** @param retentionMs how far back the first call reads: after a restart nothing is forgotten */
export function createRevocationFollower(
  store: RevocationStore,
  live: LiveRevocations,
  clock: Clock,
  retentionMs: number,
): RevocationFollower {
  let readUntil: number | undefined
  let lookedForLateAt = Number.NEGATIVE_INFINITY
  const follow = async (): Promise<void> => {
    const now = clock()
    // After a clock that went backwards, too: what others revoked meanwhile carries times that were read already, and
    // what the clock ahead of its time let us forget may be alive again.
    const readsAll = readUntil === undefined || now < readUntil
    const expected = (readsAll ? now - retentionMs : (readUntil ?? now)) - overlapMs
    const looksForLate = !readsAll && now - lookedForLateAt >= lookForLateEveryMs
    const since = looksForLate ? Math.min(expected, now - latestMs) : expected
    for (const revocation of await store.findRevocations(since)) {
      if (revocation.at >= expected) live.note(revocation)
      // Under the time that it carries, whoever stands at a later one would never hear of it.
      else if (!live.knows(revocation)) live.note({ ...revocation, at: now })
    }
    readUntil = now
    if (readsAll || looksForLate) lookedForLateAt = now
  }
  let reading: Promise<void> | undefined
  const readUntilKnown = async (at: number): Promise<void> => {
    // The first may have begun before this was asked, the second has not.
    for (let readings = 0; readings < 2 && !isKnown(at); readings++) {
      reading ??= follow().finally(() => (reading = undefined))
      await reading
    }
  }
  const isKnown = (at: number): boolean => readUntil !== undefined && readUntil >= at
  return {
    completeUntil: () => readUntil,
    follow,
    catchUp: () => {
      const at = clock() - boundMs
      return isKnown(at) ? undefined : readUntilKnown(at)
    },
  }
}
