import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { problem, renderProblem } from '../http/problems.ts'
import { NodeSource } from '../http/request-source.ts'
import type { Application } from './application.ts'
import type { RouteTable } from './route-table.ts'

/** For node:http's `createServer` and, with `next`, for Express and Connect. */
export type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void

export interface NodeHandlerOptions {
  /**
   * Lets the adapter replace the process's global Request and Response by its own, which answers 2.5 times as fast.
   * Only for a process that runs nothing else.
   */
  readonly replaceGlobals: boolean
}

/**
 * Serves the routes wherever the handler is mounted: at the root, or in Express and Connect under any prefix, which they
 * strip from the URL. What is not ours is the host's (`next`), or a 404 when there is no host.
 */
export function createNodeHandler(
  application: Application,
  table: RouteTable,
  options: NodeHandlerOptions,
): NodeHandler {
  const listener = getRequestListener(
    // The target as it was sent: a path with dots in it (`/x/../api/users`) would become another only here, and pass a
    // proxy's rules for that other.
    (_request, env) => {
      const { incoming } = env as { incoming: IncomingMessage }
      const { method = 'GET', url = '/' } = incoming
      const target = url.startsWith('/') ? url : pathAndQuery(url)
      return application.answer(method, target, new NodeSource(incoming))
    },
    { overrideGlobalObjects: options.replaceGlobals, hostname: 'localhost', errorHandler: refuse },
  )
  return (request, response, next) => {
    const original = request.url ?? '/'
    const target = toOwnTarget(table, original, strippedPrefix(request, original))
    if (next !== undefined && table.find(pathOf(target)) === undefined) {
      next()
      return
    }
    // The adapter calls back before it returns, so the host sees its own URL again.
    request.url = target
    void listener(request, response)
    request.url = original
  }
}

/** What the host took off the path before it handed the request over; empty when it left the URL alone. */
function strippedPrefix(request: IncomingMessage & { originalUrl?: unknown }, url: string): string {
  if (typeof request.originalUrl !== 'string') return ''
  const whole = pathOf(request.originalUrl)
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
  return url.split('?', 1)[0] ?? url
}

export function pathAndQuery(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  return start < 0 ? '/' : url.slice(start)
}

// A request that cannot even be read as one: a forged Host, a path with a backslash.
function refuse(): Response {
  return new Response(renderProblem(problem('invalid_request'), 'unreadable'), {
    status: 400,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
    },
  })
}
