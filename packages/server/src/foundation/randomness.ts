import { randomFillSync } from 'node:crypto'

/** Fresh bytes from a cryptographically secure generator. Passed in, so that a failing test can be replayed. */
export type Randomness = (length: number) => Buffer

export const systemRandomness: Randomness = (length) =>
  randomFillSync(Buffer.allocUnsafeSlow(length))
