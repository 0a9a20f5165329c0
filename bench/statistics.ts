/** A measured figure: what is usual, and how far the rounds lie apart. */
export interface Spread {
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

/** @throws RangeError without values */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const [lowest] = sorted
  const highest = sorted.at(-1)
  if (lowest === undefined || highest === undefined) throw new RangeError('No values')
  return { median: medianOf(sorted), lowest, highest }
}

/** The smallest value that so many percent do not exceed. @throws RangeError without values */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const found = sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)]
  if (found === undefined) throw new RangeError('No values')
  return found
}

function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length / 2
  const above = sorted[Math.floor(middle)] ?? Number.NaN
  const below = sorted[Math.ceil(middle) - 1] ?? Number.NaN
  return (above + below) / 2
}

/**
 * The ratio within each pair. Both of a pair ran within seconds of each other, so what else the machine did at that time
 * weighs on both, and the median of these ratios is steadier than the ratio of two medians.
 * @throws RangeError when there are no pairs or a side has one more than the other
 */
export function pairedRatio(values: readonly number[], limits: readonly number[]): Spread {
  if (values.length !== limits.length) throw new RangeError('Pairs have two sides')
  return spreadOf(values.map((value, round) => value / (limits[round] ?? Number.NaN)))
}
