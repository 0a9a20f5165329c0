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

/** What follows the authority in an absolute URL, as it was written. */
export function pathAndQuery(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  return start < 0 ? '/' : url.slice(start)
}
