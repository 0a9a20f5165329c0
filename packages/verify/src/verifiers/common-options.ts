import type { ClaimRules } from '../tokens/claims.ts'

/** What every verifier is told. */
export interface CommonOptions {
  /** The only issuer accepted, compared character by character. */
  issuer: string
  /** The name or names this service goes by; a token must be meant for one of them. */
  audience: string | string[]
  /** Whether `sid` and `epoch` must be there, as in the tokens Countersign issues. */
  requireSession?: boolean
  /** The time in milliseconds since 1970; default Date.now. */
  clock?: () => number
  /** How many verified tokens are remembered; 0 switches that off; default 10,000. */
  cacheSize?: number
}

const DEFAULT_CACHE_SIZE = 10_000

/** Throws a TypeError that names the mend when an option cannot be right. */
export function checkCommonOptions(options: CommonOptions): {
  clock: () => number
  cacheSize: number
} {
  if (!isName(options.issuer)) {
    throw new TypeError('Set "issuer" to the issuer whose tokens are accepted.')
  }
  const audiences = [options.audience].flat()
  if (audiences.length === 0 || !audiences.every(isName)) {
    throw new TypeError('Set "audience" to the name, or a list of the names, of this service.')
  }
  const { clock = Date.now, cacheSize = DEFAULT_CACHE_SIZE } = options
  if (typeof clock !== 'function') {
    throw new TypeError('Set "clock" to a function that returns milliseconds, or leave it out.')
  }
  if (!(Number.isSafeInteger(cacheSize) && cacheSize >= 0)) {
    throw new TypeError('Set "cacheSize" to a whole number of tokens, 0 for none.')
  }
  return { clock, cacheSize }
}

export function toClaimRules(options: CommonOptions, requireSession: boolean): ClaimRules {
  const { issuer, audience } = options
  return { issuer, audiences: new Set([audience].flat()), requireSession }
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}
