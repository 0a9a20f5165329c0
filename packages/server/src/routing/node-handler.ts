import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { problem, type ProblemCode, problemKinds, renderProblem } from '../http/problems.ts'
import type { WireAnswer } from '../http/reply.ts'
import { fieldValues, NodeSource } from '../http/request-source.ts'
import type { Application } from './application.ts'
import { toOriginForm } from './fetch-handler.ts'
import type { RouteTable } from './route-table.ts'

/** For node:http's `createServer` and, with `next`, for Express and Connect. */
export type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void

/**
 * Serves the routes wherever the handler is mounted: at the root, or in Express and Connect under any prefix, which they
 * strip from the URL. What is not ours is the host's (`next`), or a 404 when there is no host.
 */
export function createNodeHandler(application: Application, table: RouteTable): NodeHandler {
  return (request, response, next) => {
    const url = toOriginForm(request.url ?? '/')
    const target = toOwnTarget(table, url, strippedPrefix(request, url))
    if (next !== undefined && table.find(pathOf(target)) === undefined) next()
    else void serve(application, target, request, response)
  }
}

async function serve(
  application: Application,
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const answer = isHostReadable(request)
      ? // The target as it was sent: a path with dots in it (`/x/../api/users`) would become another only here, and pass
        // a proxy's rules for that other.
        await application.answer(request.method ?? 'GET', target, new NodeSource(request))
      : application.refuseUnreadable()
    if (!request.complete) abandonBody(request, response)
    write(response, answer)
  } catch {
    // The pipeline answers its own failures; this is a host that wrote to the response before us.
    if (response.headersSent) response.destroy()
    else write(response, bareProblem('internal'))
  }
}

function write(response: ServerResponse, answer: WireAnswer): void {
  const { status, headers, cookies, body } = answer
  response.writeHead(status, cookies ? withCookies(response, headers, cookies) : headers)
  if (!(body instanceof ReadableStream)) {
    response.end(body ?? undefined)
    return
  }
  response.flushHeaders()
  // A caller who goes away cancels the stream; what fails in it ends the connection, which is all that can be said by then.
  pipeline(Readable.fromWeb(body as NodeReadableStream), response, () => undefined)
}

// A header given to writeHead takes the place of one that a host has set before it called us: its cookies stay.
function withCookies(
  response: ServerResponse,
  headers: WireAnswer['headers'],
  cookies: readonly string[],
): OutgoingHttpHeaders {
  const hosts = response.getHeader('set-cookie') ?? []
  return { ...headers, 'set-cookie': [hosts, cookies].flat().map(String) }
}

const abandonAfterMs = 500

/**
 * A body that nobody reads to its end (it was too long). node:http throws away what still comes; it does so for a moment,
 * so that the answer arrives, and then the connection ends.
 */
function abandonBody(request: IncomingMessage, response: ServerResponse): void {
  response.once('finish', () => {
    const timer = setTimeout(() => request.socket.destroySoon(), abandonAfterMs).unref()
    request.once('close', () => clearTimeout(timer))
  })
}

const hostPattern = /^(?:[\w.~%-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i

/** RFC 9112 section 3.2: a Host that is none is refused; one that is missing was refused by the server. */
function isHostReadable(request: IncomingMessage): boolean {
  const { host } = request.headers
  // Which of two a proxy in front went by cannot be known.
  if (fieldValues(request, 'host').length > 1) return false
  return host === undefined || host === '' || hostPattern.test(host)
}

/** For what never came to the pipeline and so has no request id. */
function bareProblem(code: ProblemCode): WireAnswer {
  const body = renderProblem(problem(code), 'unreadable')
  const headers = {
    'content-type': 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
    'content-length': `${Buffer.byteLength(body)}`,
  }
  return { status: problemKinds[code].status, headers, body }
}

/** What the host took off the path before it handed the request over; empty when it left the URL alone. */
function strippedPrefix(request: IncomingMessage & { originalUrl?: unknown }, url: string): string {
  if (typeof request.originalUrl !== 'string') return ''
  const whole = pathOf(toOriginForm(request.originalUrl))
  const rest = pathOf(url)
  return whole.length > rest.length && whole.endsWith(rest) ? whole.slice(0, -rest.length) : ''
}

// One path, one route: a host's or a proxy's own rules for `/api/…` must cover all there is. So `/api` is put back where the
// mount took it (Express compares without regard to case), and nothing is served under a second name.
function toOwnTarget(table: RouteTable, url: string, prefix: string): string {
  if (!/\/api$/i.test(prefix)) return url
  const path = pathOf(url)
  const isBesideApi = !path.startsWith('/api/') && table.find(path) !== undefined
  return isBesideApi ? url : `/api${url}`
}

function pathOf(url: string): string {
  const mark = url.indexOf('?')
  return mark < 0 ? url : url.slice(0, mark)
}
