import { FetchSource } from '../http/request-source.ts'
import type { Application } from './application.ts'

/** For whatever speaks Fetch: Hono, Deno-style servers, tests. */
export type FetchHandler = (
  request: Request,
  info?: { readonly remoteAddress?: string },
) => Promise<Response>

export function createFetchHandler(application: Application): FetchHandler {
  return async (request, info) => {
    const source = new FetchSource(request, info?.remoteAddress)
    const { status, headers, body } = await application.answer(
      request.method,
      pathAndQuery(request.url),
      source,
    )
    return new Response(body, { status, headers })
  }
}

/** Of an absolute URL, as it was written, without the fragment that a Request keeps and no request line has. */
export function pathAndQuery(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  if (start < 0) return '/'
  const end = url.indexOf('#', start)
  return end < 0 ? url.slice(start) : url.slice(start, end)
}
