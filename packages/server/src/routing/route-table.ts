import { RegExpRouter } from 'hono/router/reg-exp-router'
import { SmartRouter } from 'hono/router/smart-router'
import { TrieRouter } from 'hono/router/trie-router'
import type { Route } from './route.ts'

/** The routes of one path, by method. */
export type PathRoutes = ReadonlyMap<string, Route>

export interface RouteMatch {
  readonly routes: PathRoutes
  readonly params: Readonly<Record<string, string>>
}

export interface RouteTable {
  /** What there is at a path, whatever the method; undefined when the path is unknown. */
  find(path: string): RouteMatch | undefined
}

const anyMethod = 'ALL'

export function createRouteTable(routes: readonly Route[]): RouteTable {
  const byPath = new Map<string, Map<string, Route>>()
  for (const route of routes) {
    const { method, path } = route.contract
    const methods = byPath.get(path) ?? new Map<string, Route>()
    if (methods.has(method)) throw new Error(`Two routes for ${method} ${path}`)
    byPath.set(path, methods.set(method, route))
  }
  const fixed = new Map<string, RouteMatch>()
  const router = new SmartRouter<PathRoutes>({ routers: [new RegExpRouter(), new TrieRouter()] })
  for (const [path, routes] of byPath) {
    if (path.includes('{')) router.add(anyMethod, path.replace(/\{(\w+)\}/g, ':$1'), routes)
    else fixed.set(path, { routes, params: {} })
  }
  // Fixed paths first: `/users/all` is not the user of that id. And most calls are answered by one look-up.
  return { find: (path) => fixed.get(path) ?? findPath(router, path) }
}

function findPath(router: SmartRouter<PathRoutes>, path: string): RouteMatch | undefined {
  const [matches, stash] = router.match(anyMethod, path)
  const first = matches[0]
  if (first === undefined) return undefined
  const [routes, found] = first
  const params: Record<string, string> = {}
  for (const [name, value] of Object.entries(found)) {
    const text = typeof value === 'number' ? stash?.[value] : value
    const decoded = text === undefined ? undefined : decode(text)
    if (decoded === undefined) return undefined
    params[name] = decoded
  }
  return { routes, params }
}

function decode(text: string): string | undefined {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
