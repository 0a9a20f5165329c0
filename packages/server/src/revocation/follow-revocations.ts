import type { Clock } from '../foundation/clock.ts'
import type { LiveRevocations } from './live-revocations.ts'
import type { RevocationStore } from './store.ts'

export interface RevocationFollower {
  /** Reads what was revoked since the last call. Also what another process did, a command line included. */
  follow(): Promise<void>
  /** Everything that was committed before this time is known here; undefined before the first reading. */
  completeUntil(): number | undefined
}

// A commit may become visible a little after the time that it carries.
const overlapMs = 10_000
// And long after, when the process that decided it stood still meanwhile (a machine that is moved or sleeps).
const latestMs = 120_000
const lookForLateEveryMs = 30_000

/** @param retentionMs how far back the first call reads: after a restart nothing is forgotten */
export function createRevocationFollower(
  store: RevocationStore,
  live: LiveRevocations,
  clock: Clock,
  retentionMs: number,
): RevocationFollower {
  let readUntil: number | undefined
  let lookedForLateAt = Number.NEGATIVE_INFINITY
  return {
    completeUntil: () => readUntil,
    follow: async () => {
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
    },
  }
}
