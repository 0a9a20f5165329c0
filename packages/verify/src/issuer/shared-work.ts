/**
 * Whether what is begun may go on after the request that began it, and others may wait for it.
 *
 * Not on Cloudflare's Workers: there whatever a request has begun ends with it, and whoever else waits for it waits for
 * ever. They name themselves only since a compatibility date of 2022, and have had `WebSocketPair` always.
 */
export function runsBetweenRequests(): boolean {
  const { navigator, WebSocketPair } = globalThis as {
    navigator?: { userAgent?: string }
    WebSocketPair?: unknown
  }
  return navigator?.userAgent !== 'Cloudflare-Workers' && WebSocketPair === undefined
}

/**
 * Work that many wait for and one does. Where nothing runs between requests everybody works alone, and nothing is left to
 * run in the background.
 */
export class SharedWork {
  readonly isShared: boolean = runsBetweenRequests()
  #running: Promise<void> | undefined

  /** What is being done, for others to wait for. */
  get running(): Promise<void> | undefined {
    return this.#running
  }

  /** Does the work, or waits for whoever is at it. The work must not reject. */
  run(work: () => Promise<void>): Promise<void> {
    if (!this.isShared) return work()
    this.#running ??= work().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }
}
