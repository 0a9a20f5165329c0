import type { RequestSource } from './request-source.ts'

export interface OriginPolicy {
  /** The origin of the public URL. */
  readonly own: string
  /** Exact origins that may call with credentials. */
  readonly allowed: readonly string[]
}

/**
 * Whether the page that makes this call may use the cookie: our own origin, or one that is listed. A request with neither
 * Origin nor Sec-Fetch-Site is no browser's, and has to show its CSRF token anyway.
 */
export function isOriginTrusted(source: RequestSource, policy: OriginPolicy): boolean {
  const origin = source.header('origin')
  const site = source.header('sec-fetch-site')
  if (origin === undefined) return site === undefined || site === 'same-origin'
  if (origin === policy.own || policy.allowed.includes(origin)) return true
  // The public URL may be configured under another name than the one the browser used (127.0.0.1 for localhost); then
  // the browser's own word counts, as long as it agrees with the Host it sent.
  const host = hostOf(origin)
  return site === 'same-origin' && host !== undefined && host === source.header('host')
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

const allowedRequestHeaders = 'authorization, content-type, x-csrf-token'
const exposedHeaders =
  'RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, WWW-Authenticate, X-Request-Id'

/**
 * CORS headers for an allowed origin (Fetch standard, section 3.2); none for any other. Whoever asks has to answer with
 * `Vary: Origin` wherever there are allowed ones.
 */
export function corsHeaders(
  origin: string | undefined,
  policy: OriginPolicy,
): Record<string, string> | undefined {
  if (origin === undefined || !policy.allowed.includes(origin)) return undefined
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': exposedHeaders,
  }
}

/** What a preflight adds to them. */
export function preflightHeaders(methods: readonly string[]): Record<string, string> {
  return {
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': allowedRequestHeaders,
    'access-control-max-age': '600',
  }
}
