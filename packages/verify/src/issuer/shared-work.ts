/**
 * Work that many wait for and one does.
 *
 * Not on Cloudflare's Workers: there whatever a request has begun ends with it, and whoever else waits for it waits for
 * ever. There everybody works alone, and nothing is left to run in the background.
 */
export class SharedWork {
  readonly isShared: boolean
  #running: Promise<void> | undefined

  constructor() {
    const { navigator } = globalThis as { navigator?: { userAgent?: string } }
    this.isShared = navigator?.userAgent !== 'Cloudflare-Workers'
  }

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
