// Time and chance for tests: a clock that stands until it is moved, and randomness that is the same at every run.

import { createHash } from 'node:crypto'
import type { Randomness } from './randomness.ts'

export const testStart: number = Date.UTC(2030, 0, 1)

export interface TestClock {
  (): number
  advance(milliseconds: number): void
  set(milliseconds: number): void
}

export function createTestClock(start: number = testStart): TestClock {
  let now = start
  return Object.assign(() => now, {
    advance: (milliseconds: number) => {
      now += milliseconds
    },
    set: (milliseconds: number) => {
      now = milliseconds
    },
  })
}

/** Looks random, never repeats, and is the same again for the same seed. */
export function createTestRandomness(seed = 'seed'): Randomness {
  let count = 0
  return (length) => {
    const blocks: Buffer[] = []
    for (let filled = 0; filled < length; filled += 32) {
      blocks.push(createHash('sha256').update(`${seed} ${count++}`).digest())
    }
    return Buffer.concat(blocks).subarray(0, length)
  }
}
