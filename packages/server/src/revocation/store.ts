/** A session that ended, or an account whose tokens below an epoch are dead. Both are idempotent. */
export type Revocation =
  | { readonly kind: 'session'; readonly sessionId: string; readonly at: number }
  | {
      readonly kind: 'subject'
      readonly subject: string
      readonly epoch: number
      readonly at: number
    }

/** Revocations are not kept anywhere of their own: they are a query over sessions and accounts changed lately. */
export interface RevocationStore {
  /** Everything revoked at or after this time, in no particular order; deleted accounts included. */
  findRevocations(since: number): Promise<readonly Revocation[]>
}
