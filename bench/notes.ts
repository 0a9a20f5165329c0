import type { Turn } from './server-under-load.ts'
import { spreadOf } from './statistics.ts'

/**
 * Says so when a server that should be at its limit had time to spare: then the generator set the pace, the true limit
 * is higher, and the ratios to it flatter us.
 */
export function noteSlowGenerator(name: string, turns: readonly Turn[]): readonly string[] {
  const wanted = spreadOf(turns.map((turn) => turn.wanted)).median
  if (wanted >= 0.85) return []
  return [
    `The load generator was slower than ${name}, which wanted its core for ${Math.round(wanted * 100)} % of the time: ratios to it are too high.`,
  ]
}

/** The server's processor time for one request, in microseconds: it varies less than requests per second do. */
export function processorTime(turns: readonly Turn[]): string {
  return `${spreadOf(turns.map((turn) => turn.cpuMicroseconds)).median.toFixed(0)} µs`
}
