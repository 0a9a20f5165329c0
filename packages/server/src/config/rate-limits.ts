import { parseDuration } from './durations.ts'
import type { RateLimit } from './settings.ts'

/** `100/15m`: so many in so long; undefined for anything else. */
export function parseRateLimit(text: string): RateLimit | undefined {
  const [count = '', window = '', ...rest] = text.trim().split('/')
  if (!/^\d{1,9}$/.test(count) || rest.length > 0) return undefined
  const windowSeconds = parseDuration(window)
  if (windowSeconds === undefined || windowSeconds === 0) return undefined
  return { count: Number(count), windowSeconds }
}
