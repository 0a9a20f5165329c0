import { createHash } from 'node:crypto'
import type { Clock } from '../foundation/clock.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import type { AttemptStore } from './store.ts'
import { type VolumeLimit, VolumeLimits } from './volume-limits.ts'

export type AttemptKind =
  | 'login'
  | 'device'
  | 'account'
  | 'signal'
  | 'notice'
  | 'register'
  | 'password'
  | 'factor'
  | 'mail'
  | 'code'

export interface RefusedAttempt {
  readonly granted: false
  readonly limit: number
  readonly retryAfterSeconds: number
  /** True for the first refusal in a window, as far as this process saw: the one worth an audit event. */
  readonly justExceeded: boolean
}

export interface GrantedAttempt {
  readonly granted: true
  /** Which one of its window it is, over all instances, counted from 1. */
  readonly count: number
  readonly release: () => Promise<void>
}

export type Attempt = GrantedAttempt | RefusedAttempt

export interface AttemptLimits {
  /**
   * Takes one attempt before the work starts. `parts` name who tries what; their spelling is canonical already.
   * `release` gives it back after a success.
   */
  reserve(kind: AttemptKind, parts: readonly string[], limit: VolumeLimit): Promise<Attempt>
}

/** Exact limits in the store: as many callers as like may try at once, and no more than the limit get through. */
export function createAttemptLimits(store: AttemptStore, clock: Clock): AttemptLimits {
  const refusals = new VolumeLimits(clock)
  return {
    reserve: async (kind, parts, limit) => {
      const key = attemptKey(kind, parts)
      const now = clock()
      const window = { limit: limit.count, windowMs: limit.windowMs, now }
      const { granted, count, resetsAt } = await store.reserveAttempt(key, window)
      if (granted) return { granted, count, release: () => release(store, key, resetsAt) }
      const retryAfterSeconds = Math.max(1, Math.ceil((resetsAt - now) / 1000))
      // Refusals count nothing in the store, so that a flood of them costs no writes.
      const { justExceeded } = refusals.count(key, { ...limit, count: 0 })
      return { granted, limit: limit.count, retryAfterSeconds, justExceeded }
    },
  }
}

/**
 * Takes two attempts or none. What the second limit refuses was not tried, and is given back to the first: else a flood
 * would fill one after the other.
 */
export async function reserveBoth<First extends RefusedAttempt, Second extends RefusedAttempt>(
  first: Promise<GrantedAttempt | First>,
  second: () => Promise<GrantedAttempt | Second>,
): Promise<GrantedAttempt | First | Second> {
  const one = await first
  if (!one.granted) return one
  const other = await second()
  if (!other.granted) {
    await one.release()
    return other
  }
  const release = async (): Promise<void> => {
    await Promise.all([one.release(), other.release()])
  }
  return { ...one, release }
}

// The act has succeeded, and is not to fail because its attempt stays counted.
async function release(store: AttemptStore, key: string, resetsAt: number): Promise<void> {
  try {
    await store.releaseAttempt(key, resetsAt)
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
  }
}

// Hashed: the parts may be long and hold what a caller typed as a name, which is sometimes a password.
function attemptKey(kind: AttemptKind, parts: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
  return `${kind}:${digest}`
}
