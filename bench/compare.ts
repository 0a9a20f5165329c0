import type { Result, Target, Unit } from './result.ts'
import type { Turn } from './server-under-load.ts'
import { pairedRatio, spreadOf } from './statistics.ts'

/** The rounds of one contender. */
export interface Series {
  readonly name: string
  readonly unit: Unit
  readonly values: readonly number[]
}

/** A line that holds a series against the one that was measured in turn with it. */
export function compare(series: Series, beside: Series, target?: Target): Result {
  return {
    figure: series.name,
    unit: series.unit,
    value: spreadOf(series.values),
    beside: { name: beside.name, unit: beside.unit, value: spreadOf(beside.values) },
    ratio: pairedRatio(series.values, beside.values),
    ...(target && { target }),
  }
}

/** A line with nothing beside it. */
export function stateAlone(series: Series, target?: Target): Result {
  return {
    figure: series.name,
    unit: series.unit,
    value: spreadOf(series.values),
    ...(target && { target }),
  }
}

/** Requests per second of a server's turns. */
export function rateOf(name: string, turns: readonly Turn[]): Series {
  return { name, unit: '/s', values: turns.map((turn) => turn.requestsPerSecond) }
}

/** The time of one request at full load. */
export function timeOf(name: string, turns: readonly Turn[]): Series {
  return { name, unit: 'µs', values: turns.map((turn) => 1e6 / turn.requestsPerSecond) }
}
