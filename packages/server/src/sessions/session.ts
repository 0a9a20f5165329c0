// Sessions: what a log-in starts and a refresh continues. One row a session, whatever the number of refreshes. This
// folder owns the refresh token (its format and its MAC), the three-step rule that decides what a presented token means,
// and how a session starts, continues and ends. It does not issue access tokens (tokens/) or know HTTP (sign-in/,
// refresh/, sign-out/).

export type EndReason =
  | 'signed_out'
  | 'ended_by_user'
  | 'ended_by_admin'
  | 'replaced'
  | 'crowded_out'
  /** Of a log-in with one factor, where two are asked for since. */
  | 'too_weak'
  | 'theft'

export interface Session {
  readonly id: string
  readonly userId: string
  /** 128 random bits that the refresh token's MAC covers: without the row, the master secret alone forges nothing. */
  readonly salt: Uint8Array
  /** The generation that may refresh next. */
  readonly generation: number
  /** The generation whose use led to the present one; null before the first refresh. */
  readonly parent: number | null
  readonly rotatedAt: number
  readonly createdAt: number
  readonly lastUsedAt: number
  readonly endedAt: number | null
  readonly endReason: EndReason | null
  /** The account's sessionEpoch at log-in. */
  readonly epoch: number
  readonly userAgent: string | null
  readonly ip: string | null
  /** How the user was authenticated when the session started (RFC 8176). */
  readonly amr: readonly string[]
  /** When that was; a refresh does not change it. */
  readonly authenticatedAt: number
}

/** What a row says of its log-in. One of a version that kept neither was a password, when the session started. */
export function readAuthentication(
  amr: string | null | undefined,
  authenticatedAt: number | null | undefined,
  createdAt: number,
): Pick<Session, 'amr' | 'authenticatedAt'> {
  return {
    amr: amr === null || amr === undefined ? ['pwd'] : amr.split(' '),
    authenticatedAt: authenticatedAt ?? createdAt,
  }
}
