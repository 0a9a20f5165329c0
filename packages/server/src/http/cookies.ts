/**
 * The value of a cookie, `undefined` when it was not sent, and `ambiguous` when it was sent more than once: which of
 * them is ours cannot be known, so none counts.
 */
export function readCookie(
  header: string | undefined,
  name: string,
): { readonly value: string } | 'ambiguous' | undefined {
  if (header === undefined) return undefined
  let found: { readonly value: string } | undefined
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue
    if (found !== undefined) return 'ambiguous'
    found = { value: pair.slice(equals + 1).trim() }
  }
  return found
}

export interface CookieAttributes {
  readonly name: string
  readonly secure: boolean
}

/**
 * Set-Cookie for the whole host, out of reach of scripts and of other sites (RFC 6265bis). `__Host-` in the name makes
 * the browser enforce Secure, Path=/ and no Domain.
 */
export function formatCookie(
  attributes: CookieAttributes,
  value: string,
  maxAgeSeconds: number,
): string {
  const secure = attributes.secure ? '; Secure' : ''
  return `${attributes.name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`
}
