export interface AttemptWindow {
  readonly limit: number
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
  /** Takes one attempt from the window, or refuses when the limit is reached; a refusal counts nothing. */
  reserveAttempt(key: string, window: AttemptWindow): Promise<AttemptReservation>
  /** Gives one attempt back to the window that ends at `resetsAt`; a later window is left alone. */
  releaseAttempt(key: string, resetsAt: number): Promise<void>
  /** Deletes up to `limit` windows that ended before this time. */
  pruneAttempts(before: number, limit: number): Promise<number>
}
