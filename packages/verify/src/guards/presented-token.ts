/** How a request carries its credentials. */
export interface Presented {
  /** Every value of the Authorization header. */
  readonly authorization: readonly string[]
  /** The query, without its question mark. */
  readonly query: string
  /** The body, where it is a form and the host has parsed it already. */
  readonly form?: unknown
}

/** The token of a request, `undefined` for none, and `ambiguous` when it was sent more than once. */
export type PresentedToken = { readonly token: string } | 'ambiguous' | undefined

/**
 * `Authorization: Bearer` is the only way in (the scheme in any case, RFC 9110 §11.1): what stands in addresses ends in
 * logs (RFC 9700 §4.3.2). Whoever uses a second way beside it is refused (RFC 6750 §3.1), because two readers could
 * choose differently.
 */
export function readPresentedToken({ authorization, query, form }: Presented): PresentedToken {
  if (authorization.length > 1) return 'ambiguous'
  const [header] = authorization
  if (header === undefined) return undefined
  // Fetch joins repeated headers with a comma, which no token contains.
  if (header.includes(',') && /,\s*[\w-]+\s/.test(header)) return 'ambiguous'
  if (header.slice(0, 7).toLowerCase() !== 'bearer ') return undefined
  const token = header.slice(7).trim()
  if (token === '') return undefined
  return hasToken(query) || isFormWithToken(form) ? 'ambiguous' : { token }
}

function hasToken(query: string): boolean {
  return query !== '' && new URLSearchParams(query).has('access_token')
}

function isFormWithToken(form: unknown): boolean {
  return typeof form === 'object' && form !== null && Object.hasOwn(form, 'access_token')
}

/** What stands behind the question mark of a request target. */
export function queryOf(target: string): string {
  const start = target.indexOf('?')
  return start === -1 ? '' : target.slice(start + 1)
}
