import { type Clock, second } from './clock.ts'

/** Beyond this an instance does not count as ready: something is wrong with its machine or the database's. */
export const largestOffsetMs: number = 5 * second

/** This machine's clock, corrected by how far it differs from the store's: all instances on a store agree on the time. */
export interface StoreClock {
  /** The store's time. */
  readonly now: Clock
  /** How far the store is ahead of this machine, in milliseconds, by the last measurement that told anything. */
  offsetMs(): number
  /**
   * Asks the store for its time and corrects the clock.
   * @throws what `readTime` throws; the clock then goes on as it was
   */
  measure(readTime: () => Promise<number>): Promise<void>
}

const samples = 3

/** The offset is unknown, and taken to be none, until the first measurement. */
export function createStoreClock(local: Clock): StoreClock {
  let offset = 0
  return {
    now: () => local() + offset,
    offsetMs: () => offset,
    measure: async (readTime) => {
      const { offsetMs, uncertaintyMs } = await takeBestSample(local, readTime)
      // What the way there and back explains is no difference: the clock does not tremble with the network.
      if (Math.abs(offsetMs - offset) > uncertaintyMs) offset = offsetMs
    },
  }
}

interface Sample {
  readonly offsetMs: number
  /** Half of the round trip: the store's answer is from some moment of it. */
  readonly uncertaintyMs: number
}

/** The quickest of a few tells most. */
async function takeBestSample(local: Clock, readTime: () => Promise<number>): Promise<Sample> {
  let best = await takeSample(local, readTime)
  for (let taken = 1; taken < samples && best.uncertaintyMs > 0; taken++) {
    const sample = await takeSample(local, readTime)
    if (sample.uncertaintyMs < best.uncertaintyMs) best = sample
  }
  return best
}

async function takeSample(local: Clock, readTime: () => Promise<number>): Promise<Sample> {
  const sent = local()
  const theirs = await readTime()
  const received = local()
  return {
    offsetMs: Math.round(theirs - (sent + received) / 2),
    // A clock that was set back meanwhile would make it negative, and the sample the best of all.
    uncertaintyMs: received < sent ? Number.POSITIVE_INFINITY : (received - sent) / 2,
  }
}
