/**
 * The store could not do what was asked: locked for too long, read-only, full, unreachable, or with tables of another
 * version (`schema`). Nothing was changed, and the caller may try again; on the wire it is a 503 with Retry-After. A store throws it for every such fault, so that a
 * flow never has to know which database it runs on.
 */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'
  readonly reason: 'locked' | 'read_only' | 'full' | 'corrupt' | 'unreachable' | 'schema' | 'closed'

  constructor(reason: StoreUnavailableError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
