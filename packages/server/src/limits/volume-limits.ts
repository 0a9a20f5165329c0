// Limits: how often a caller may call. This folder owns the two kinds: attempts (log-in, register, password) are
// reserved in the store before the work starts, so they are exact and shared; volume is counted in memory, so it costs
// nothing on the hot path. It does not know HTTP: routing/ turns a refusal into a 429.

import type { Clock } from '../foundation/clock.ts'

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

interface Window {
  count: number
  resetsAt: number
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
    let window = this.#windows.get(key)
    // A clock that went backwards must not leave a caller locked out for longer than one window.
    if (window === undefined || window.resetsAt <= now || window.resetsAt > now + limit.windowMs) {
      this.#windows.delete(key)
      if (this.#windows.size >= this.#capacity) this.#makeRoom(now)
      window = { count: 0, resetsAt: now + limit.windowMs }
      this.#windows.set(key, window)
    }
    window.count++
    return {
      allowed: window.count <= limit.count,
      limit: limit.count,
      remaining: Math.max(0, limit.count - window.count),
      resetsInSeconds: Math.ceil((window.resetsAt - now) / 1000),
      justExceeded: window.count === limit.count + 1,
    }
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
