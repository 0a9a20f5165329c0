import { createHash } from 'node:crypto'
import type { Clock } from '../foundation/clock.ts'
import type { AttemptStore } from './store.ts'
import type { VolumeLimit } from './volume-limits.ts'

export type AttemptKind = 'login' | 'register' | 'password'

export type Attempt =
  | { readonly granted: true; readonly release: () => Promise<void> }
  | { readonly granted: false; readonly limit: number; readonly retryAfterSeconds: number }

export interface AttemptLimits {
  /**
   * Takes one attempt before the work starts. `parts` name who tries what; their spelling is canonical already.
   * `release` gives it back after a success.
   */
  reserve(kind: AttemptKind, parts: readonly string[], limit: VolumeLimit): Promise<Attempt>
}

/** Exact limits in the store: as many callers as like may try at once, and no more than the limit get through. */
export function createAttemptLimits(store: AttemptStore, clock: Clock): AttemptLimits {
  return {
    reserve: async (kind, parts, limit) => {
      const key = attemptKey(kind, parts)
      const now = clock()
      const window = { limit: limit.count, windowMs: limit.windowMs, now }
      const { granted, resetsAt } = await store.reserveAttempt(key, window)
      if (granted) return { granted, release: () => store.releaseAttempt(key, resetsAt) }
      const retryAfterSeconds = Math.max(1, Math.ceil((resetsAt - now) / 1000))
      return { granted, limit: limit.count, retryAfterSeconds }
    },
  }
}

// Hashed: the parts may be long and hold what a caller typed as a name, which is sometimes a password.
function attemptKey(kind: AttemptKind, parts: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
  return `${kind}:${digest}`
}
