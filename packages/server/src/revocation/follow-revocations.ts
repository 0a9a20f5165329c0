import type { Clock } from '../foundation/clock.ts'
import type { LiveRevocations } from './live-revocations.ts'
import type { RevocationStore } from './store.ts'

export interface RevocationFollower {
  /** Reads what was revoked since the last call. Also what another process did, a command line included. */
  follow(): Promise<void>
}

// A commit may become visible a little after the time that it carries.
const overlapMs = 10_000

/** @param retentionMs how far back the first call reads: after a restart nothing is forgotten */
export function createRevocationFollower(
  store: RevocationStore,
  live: LiveRevocations,
  clock: Clock,
  retentionMs: number,
): RevocationFollower {
  let readUntil = clock() - retentionMs
  return {
    follow: async () => {
      const now = clock()
      for (const revocation of await store.findRevocations(readUntil - overlapMs)) {
        live.note(revocation)
      }
      readUntil = Math.max(readUntil, now)
    },
  }
}
