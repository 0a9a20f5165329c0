import type { IncomingMessage } from 'node:http'
import { type Presented, queryOf } from './presented-token.ts'

/** What a request of node:http presents; `body` is what the host has parsed, if it has. */
export function presentedByNode(request: IncomingMessage, body?: unknown): Presented {
  const { headers } = request
  return {
    authorization: authorizationLines(request),
    query: queryOf(request.url ?? ''),
    form: isForm(headers['content-type']) ? body : undefined,
  }
}

/**
 * Every line of the header: `headers` keeps the first of several and says nothing, and `headersDistinct` makes a list of
 * every other header, too. What no socket brought may have `headers` alone.
 */
function authorizationLines(request: IncomingMessage): readonly string[] {
  const { authorization } = request.headers
  if (authorization === undefined) return []
  const rawHeaders: readonly string[] | undefined = request.rawHeaders
  const lines: string[] = []
  for (let at = 0; at + 1 < (rawHeaders?.length ?? 0); at += 2) {
    const name = rawHeaders?.[at] ?? ''
    const isAuthorization = name.length === 13 && name.toLowerCase() === 'authorization'
    if (isAuthorization) lines.push(rawHeaders?.[at + 1] ?? '')
  }
  return lines.length === 0 ? [authorization] : lines
}

function isForm(contentType: string | undefined): boolean {
  return contentType?.toLowerCase().startsWith('application/x-www-form-urlencoded') ?? false
}
