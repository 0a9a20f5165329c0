/** The calls that run, so that closing can let them finish. */
export class RunningCalls {
  readonly #running = new Set<Promise<unknown>>()

  /** @param call is run at once, and belongs to what `settle` waits for until it has settled */
  async run<T>(call: () => Promise<T>): Promise<T> {
    const running = call()
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  /** Waits for the calls of this moment; later ones do not hold it up. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#running)
  }
}
