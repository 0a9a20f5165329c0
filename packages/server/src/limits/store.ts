/**
 * Instances' clocks differ by up to 5 s each way. A window that ends later than it could, even so, was made before the
 * clock was set back, and is over.
 */
export const clockToleranceMs = 10_000

export interface AttemptWindow {
  readonly limit: number
  /** How many attempts to take at once: all of them or none. Default: 1. */
  readonly amount?: number
  readonly windowMs: number
  readonly now: number
}

export interface AttemptReservation {
  readonly granted: boolean
  /** Attempts counted in the window, this one included when it was granted. */
  readonly count: number
  /** When the window ends and the count starts again, in milliseconds. */
  readonly resetsAt: number
}

/**
 * Counts attempts exactly, across instances whose clocks differ by a few seconds. A window starts with the first attempt
 * in it. One that lies further ahead than such a difference explains (a clock was wrong, the setting was longer) is over.
 */
export interface AttemptStore {
  /** Takes attempts from the window, or refuses when they would pass the limit; a refusal counts nothing. */
  reserveAttempt(key: string, window: AttemptWindow): Promise<AttemptReservation>
  /** Gives one attempt back to the window that ends at `resetsAt`; a later window is left alone. */
  releaseAttempt(key: string, resetsAt: number): Promise<void>
  /** Deletes up to `limit` windows that ended before this time. */
  pruneAttempts(before: number, limit: number): Promise<number>
}
