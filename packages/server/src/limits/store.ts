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

/** Counts attempts exactly, across instances. A window starts with the first attempt in it. */
export interface AttemptStore {
  /** Takes attempts from the window, or refuses when they would pass the limit; a refusal counts nothing. */
  reserveAttempt(key: string, window: AttemptWindow): Promise<AttemptReservation>
  /** Gives one attempt back to the window that ends at `resetsAt`; a later window is left alone. */
  releaseAttempt(key: string, resetsAt: number): Promise<void>
  /** Deletes up to `limit` windows that ended before this time. */
  pruneAttempts(before: number, limit: number): Promise<number>
}
