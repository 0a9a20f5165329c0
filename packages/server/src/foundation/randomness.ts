import { randomFillSync } from 'node:crypto'

/** Fresh bytes from a cryptographically secure generator. Passed in, so that a failing test can be replayed. */
export type Randomness = (length: number) => Buffer

// A call of the generator costs as much for kilobytes as for the 16 bytes of a token's id.
const reserve = Buffer.allocUnsafeSlow(4_096)
const largestFromReserve = 64
let used = reserve.length

export const systemRandomness: Randomness = (length) => {
  const bytes = Buffer.allocUnsafeSlow(length)
  if (length > largestFromReserve) return randomFillSync(bytes)
  if (used + length > reserve.length) {
    randomFillSync(reserve)
    used = 0
  }
  reserve.copy(bytes, 0, used, used + length)
  // What was handed out is not kept: whoever reads this memory later learns nothing of it.
  reserve.fill(0, used, used + length)
  used += length
  return bytes
}
