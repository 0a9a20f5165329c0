// Challenges: what the server asked and waits for the answer to: a six-digit code, the nonce of a passkey, the secret of
// an authenticator app that is being added. This folder owns the interface; what stands in a challenge belongs to its
// flow.

export interface Challenge {
  readonly kind: string
  /** Unique within its kind. With the account's id as its own, a newer one replaces an older one. */
  readonly id: string
  /** The account that it is about, when there is one. */
  readonly subject: string | null
  /** Hashes, or sealed: never what would answer it. */
  readonly payload: string
  /** How often an answer was tried. */
  readonly attempts: number
  readonly expiresAt: number
}

/** Where challenges are kept. Each operation is atomic on one row. */
export interface ChallengeStore {
  /** Stores it in place of one of the same kind and id. */
  putChallenge(challenge: Challenge): Promise<void>
  /**
   * Takes one of so many attempts, before the answer is looked at.
   * @returns the challenge with this attempt counted; undefined when there is none, it has expired (`expiresAt <= now`),
   *   or its attempts are used up
   */
  attemptChallenge(
    kind: string,
    id: string,
    limit: number,
    now: number,
  ): Promise<Challenge | undefined>
  /** Spends the challenge with this payload: of all who ask, one is told true. */
  spendChallenge(kind: string, id: string, payload: string): Promise<boolean>
  /** Deletes up to `limit` that expired before this time. */
  pruneChallenges(before: number, limit: number): Promise<number>
}
