/**
 * The store could not do what was asked. Nothing was changed, except that after `interrupted` the change may have
 * happened: the connection broke between sending it and hearing of it. The caller may try again; on the wire it is a 503
 * with Retry-After. A store throws it for every such fault, so that a flow never has to know which database it runs on.
 */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'
  readonly reason: StoreUnavailableReason

  constructor(reason: StoreUnavailableReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

export type StoreUnavailableReason =
  | 'locked'
  | 'read_only'
  | 'full'
  | 'corrupt'
  | 'unreachable'
  /** Too slow, or too many callers. */
  | 'busy'
  | 'interrupted'
  /** The database lets this user not in, or not do it. */
  | 'denied'
  /** The tables are another version's. */
  | 'schema'
  /** The tables are an older version's, and this start may not change them. */
  | 'steps_pending'
  | 'closed'
