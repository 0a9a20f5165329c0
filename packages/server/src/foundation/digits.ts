import type { Randomness } from './randomness.ts'

const range = 1_000_000
const fair = Math.floor(2 ** 32 / range) * range

/** Six digits, each as likely as the other: a draw that would favour some is made again. */
export function drawDigits(randomness: Randomness): string {
  for (;;) {
    const drawn = randomness(4).readUInt32BE(0)
    if (drawn < fair) return String(drawn % range).padStart(6, '0')
  }
}
