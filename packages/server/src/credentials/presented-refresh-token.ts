import { type CookieAttributes, readCookie } from '../http/cookies.ts'
import type { RequestSource } from '../http/request-source.ts'

/** A refresh token as it came. Text that is no token is still presented: it is refused as invalid, not as missing. */
export interface PresentedRefreshToken {
  readonly text: string
  readonly delivery: 'cookie' | 'body'
}

/** The body's token counts before the cookie's; an empty one counts as none. */
export function findRefreshToken(
  inBody: string | undefined,
  source: RequestSource,
  cookie: CookieAttributes,
): PresentedRefreshToken | undefined {
  if (inBody !== undefined && inBody !== '') return { text: inBody, delivery: 'body' }
  const found = readCookie(source.header('cookie'), cookie.name)
  if (found === undefined) return undefined
  if (found === 'ambiguous') return { text: '', delivery: 'cookie' }
  return found.value === '' ? undefined : { text: found.value, delivery: 'cookie' }
}
