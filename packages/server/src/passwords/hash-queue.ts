import { createGathering, type GatheringOptions } from './gathering.ts'

export interface HashQueueOptions {
  /** How many hashes run at once; each holds 19 MiB. */
  readonly concurrency: number
  readonly maxWaiting: number
  readonly maxWaitMs: number
  /** Whose hash is done while others wait for theirs goes on in a group; default: alone (decision 051). */
  readonly together?: GatheringOptions
}

export interface Busy {
  readonly ok: false
  readonly reason: 'busy'
  readonly retryAfterSeconds: number
}

export type Queued<T> = { readonly ok: true; readonly value: T } | Busy

export interface HashQueue {
  /** Runs the work when there is room; refuses when too many wait or the wait is over, and then never runs it. */
  run<T>(work: () => Promise<T>): Promise<Queued<T>>
  depth(): { readonly running: number; readonly waiting: number }
}

interface Waiter {
  readonly start: () => void
}

/**
 * Hashing costs processor and memory by design, so it is what a flood would exhaust first. A bounded number runs, a
 * bounded number waits for a bounded time, and everybody else is told to come back.
 */
export function createHashQueue(options: HashQueueOptions): HashQueue {
  const { concurrency, maxWaiting, maxWaitMs } = options
  const waiting = new Set<Waiter>()
  const done = options.together && createGathering(options.together)
  let running = 0
  const busy: Busy = {
    ok: false,
    reason: 'busy',
    retryAfterSeconds: Math.max(1, Math.ceil(maxWaitMs / 1000)),
  }

  const waitForRoom = (): Promise<boolean> => {
    if (running < concurrency) {
      running++
      return Promise.resolve(true)
    }
    if (waiting.size >= maxWaiting) return Promise.resolve(false)
    return new Promise((resolve) => {
      const waiter: Waiter = {
        start: () => {
          clearTimeout(timer)
          resolve(true)
        },
      }
      const timer = setTimeout(() => {
        waiting.delete(waiter)
        resolve(false)
      }, maxWaitMs)
      waiting.add(waiter)
    })
  }
  // The slot passes to the first who waits, so nobody who comes later can take it.
  const leave = (): void => {
    const [next] = waiting
    if (next === undefined) {
      running--
      return
    }
    waiting.delete(next)
    next.start()
  }
  return {
    run: async (work) => {
      if (!(await waitForRoom())) return busy
      try {
        return { ok: true, value: await work() }
      } finally {
        leave()
        if (waiting.size > 0) await done?.join()
        else done?.release()
      }
    },
    depth: () => ({ running, waiting: waiting.size }),
  }
}
