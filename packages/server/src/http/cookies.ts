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
    if (equals < 0 || trimBlanks(pair.slice(0, equals)) !== name) continue
    if (found !== undefined) return 'ambiguous'
    found = { value: trimBlanks(pair.slice(equals + 1)) }
  }
  return found
}

// Spaces and tabs alone (RFC 6265 section 5.2). `trim` takes others, too, and a cookie whose name begins with one has none
// of the guarantees of `__Host-`. No regular expression: for a header full of blanks it would take quadratic time.
function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text[start])) start++
  while (end > start && isBlank(text[end - 1])) end--
  return text.slice(start, end)
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
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
