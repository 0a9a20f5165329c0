// Limits: how often a caller may call. This folder owns the two kinds: attempts (log-in, register, password) are
// reserved in the store before the work starts, so they are exact and shared; volume is counted in memory, so it costs
// nothing on the hot path, and shared a moment later (share-volume.ts). It does not know HTTP: routing/ turns a refusal
// into a 429.

import type { Clock } from '../foundation/clock.ts'
import { clockToleranceMs } from './store.ts'

export interface VolumeLimit {
  readonly count: number
  readonly windowMs: number
}

export interface VolumeCount {
  readonly allowed: boolean
  readonly limit: number
  readonly remaining: number
  readonly resetsInSeconds: number
  /** True for the first call over the limit in a window: the one worth an audit event. */
  readonly justExceeded: boolean
}

/** Calls that other instances do not know of yet. */
export interface UnsharedVolume {
  readonly key: string
  readonly limit: VolumeLimit
  readonly calls: number
}

interface Window {
  readonly limit: VolumeLimit
  count: number
  resetsAt: number
  /** The part of the count that was not shared yet. */
  unshared: number
  hasToldExcess: boolean
}

const defaultCapacity = 100_000

/** Counts calls per key in windows that start with a key's first call. Bounded memory: the oldest windows go first. */
export class VolumeLimits {
  readonly #windows = new Map<string, Window>()
  readonly #clock: Clock
  readonly #capacity: number

  constructor(clock: Clock, capacity: number = defaultCapacity) {
    this.#clock = clock
    this.#capacity = capacity
  }

  get size(): number {
    return this.#windows.size
  }

  count(key: string, limit: VolumeLimit): VolumeCount {
    const now = this.#clock()
    const window = this.#currentWindow(key, limit, now)
    window.count++
    window.unshared++
    const allowed = window.count <= limit.count
    const justExceeded = !allowed && !window.hasToldExcess
    if (justExceeded) window.hasToldExcess = true
    return {
      allowed,
      limit: limit.count,
      remaining: Math.max(0, limit.count - window.count),
      resetsInSeconds: Math.ceil((window.resetsAt - now) / 1000),
      justExceeded,
    }
  }

  /**
   * What is worth telling the other instances. A caller far from the limit is told of seldom: an instance keeps back at
   * most a 64th of what remains, so that callers who never come near a limit cost next to nothing.
   */
  *unshared(): Generator<UnsharedVolume> {
    const now = this.#clock()
    for (const [key, window] of this.#windows) {
      const { limit, count, unshared } = window
      const remaining = limit.count - (count - unshared)
      if (unshared > 0 && unshared * 64 >= remaining && window.resetsAt > now) {
        yield { key, limit, calls: unshared }
      }
    }
  }

  /**
   * Takes over the count of all instances, in which these calls of ours are included, unless we have counted more.
   * @param total undefined when the answer was lost
   */
  adopt(
    shared: UnsharedVolume,
    total: { readonly count: number; readonly resetsAt: number } | undefined,
  ): void {
    const window = this.#windows.get(shared.key)
    if (window === undefined || window.unshared < shared.calls) return
    window.unshared -= shared.calls
    if (total === undefined) return
    const count = total.count + window.unshared
    // Redis, and the database in its place, may know nothing of what was counted before.
    if (count < window.count) return
    window.count = count
    window.resetsAt = total.resetsAt
  }

  #currentWindow(key: string, limit: VolumeLimit, now: number): Window {
    const known = this.#windows.get(key)
    // A clock that went backwards must not leave a caller locked out for longer than one window.
    const latest = now + limit.windowMs + clockToleranceMs
    if (known && known.resetsAt > now && known.resetsAt <= latest) return known
    this.#windows.delete(key)
    if (this.#windows.size >= this.#capacity) this.#makeRoom(now)
    const resetsAt = now + limit.windowMs
    const window = { limit, count: 0, resetsAt, unshared: 0, hasToldExcess: false }
    this.#windows.set(key, window)
    return window
  }

  // Insertion order is the order in which windows began, so the oldest tenth is at the front.
  #makeRoom(now: number): void {
    let spare = Math.max(1, Math.floor(this.#capacity / 10))
    for (const [key, window] of this.#windows) {
      if (spare === 0 && window.resetsAt > now) break
      this.#windows.delete(key)
      if (spare > 0) spare--
    }
  }
}
