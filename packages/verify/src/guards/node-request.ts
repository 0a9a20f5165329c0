import type { IncomingMessage } from 'node:http'
import { type Presented, queryOf } from './presented-token.ts'

/** What a request of node:http presents; `body` is what the host has parsed, if it has. */
export function presentedByNode(request: IncomingMessage, body?: unknown): Presented {
  const { headers } = request
  // Every line of the header: `headers` keeps the first of several and says nothing. HTTP/2 and injected requests lack it.
  const lines: readonly string[] | undefined = request.headersDistinct?.['authorization']
  const { authorization } = headers
  return {
    authorization: lines ?? (authorization === undefined ? [] : [authorization]),
    query: queryOf(request.url ?? ''),
    form: isForm(headers['content-type']) ? body : undefined,
  }
}

function isForm(contentType: string | undefined): boolean {
  return contentType?.toLowerCase().startsWith('application/x-www-form-urlencoded') ?? false
}
