/** Milliseconds since the Unix epoch. Passed in everywhere, so that tests decide what time it is. */
export type Clock = () => number

export const systemClock: Clock = () => Date.now()

export const second = 1000
export const minute: number = 60 * second
export const hour: number = 60 * minute
export const day: number = 24 * hour

/** RFC 7519 NumericDate: whole seconds. */
export function toNumericDate(milliseconds: number): number {
  return Math.floor(milliseconds / second)
}

/** RFC 3339 in UTC, as every time on the wire. */
export function toTimestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
