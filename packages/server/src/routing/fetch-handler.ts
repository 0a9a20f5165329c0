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
    const { status, headers, cookies, body } = await application.answer(
      request.method,
      pathAndQuery(request.url),
      source,
    )
    const response = new Response(body, { status, headers })
    for (const cookie of cookies ?? []) response.headers.append('set-cookie', cookie)
    return response
  }
}

/**
 * Of an absolute URL, as it was written, without the fragment that a Request keeps and no request line has. A query may
 * follow the host at once (RFC 9112 section 3.2.1): a slash in it begins no path.
 */
function pathAndQuery(url: string): string {
  const afterScheme = url.indexOf('://') + 3
  const authority = /^[^/?#]*/.exec(url.slice(afterScheme))?.[0] ?? ''
  const [rest = ''] = url.slice(afterScheme + authority.length).split('#', 1)
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** A request line may hold the whole URL (RFC 9112 section 3.2.2), and hosts leave it as it came. */
export function toOriginForm(target: string): string {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(target) ? pathAndQuery(target) : target
}
