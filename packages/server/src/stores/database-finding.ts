import type { Clock } from '../foundation/clock.ts'
import { createStoreClock, largestOffsetMs } from '../foundation/store-clock.ts'

/** What a look at a database server found; for people. */
export interface DatabaseFinding {
  /** The server would not start, or never be ready. */
  readonly isWrong: boolean
  readonly text: string
}

export async function examineClock(
  localClock: Clock,
  readTime: () => Promise<number>,
): Promise<DatabaseFinding> {
  const clock = createStoreClock(localClock)
  await clock.measure(readTime)
  const offset = clock.offsetMs()
  return Math.abs(offset) > largestOffsetMs
    ? {
        isWrong: true,
        text: `The clocks of this machine and the database differ by ${offset} ms: set them right (NTP).`,
      }
    : { isWrong: false, text: `The clocks of this machine and the database agree (${offset} ms).` }
}
