// One-time: what may be used once: codes, links, challenges, states, nonces. This folder owns the interface through
// which they are spent. What such a thing says, who may hold it and how long it lives belongs to the flow that made it.

/** Spends single-use things, exactly once across all instances. */
export interface OneTimeStore {
  /**
   * Spends an item, which is named by its kind and its id together. However many ask at once, on whatever instance, one
   * is told true. An item that has expired (`expiresAt <= now`) cannot be spent, so that one that was pruned is not
   * accepted again. Once it has expired its name is free for another item.
   */
  consumeOnce(kind: string, id: string, expiresAt: number, now: number): Promise<boolean>
  /** Deletes up to `limit` spent items that expired before this time. */
  pruneConsumed(before: number, limit: number): Promise<number>
}
