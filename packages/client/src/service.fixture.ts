// A real Countersign on a real port, behind a proxy that can lose its answers.

import { once } from 'node:events'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { type Countersign, createCountersign } from '@countersign/server'

export interface Service {
  readonly url: string
  readonly auth: Countersign
  /** Paths that were asked for, in order. */
  readonly calls: string[]
  /** The server answers the next such calls, and the answers never arrive. */
  loseAnswers(count: number, path: string): void
  /** As if the machine were unplugged. */
  unplug(): void
  plugIn(): void
  /** Moves the server's clock. */
  pass(seconds: number): void
}

export const password = 'a long enough phrase 7'

export async function startService(t: TestContext, options: object = {}): Promise<Service> {
  let shift = 0
  const auth = await createCountersign({
    databaseUrl: 'sqlite::memory:',
    rateLimitAnonymous: '100000/1m',
    rateLimitRegister: '100000/1m',
    clock: () => Date.now() + shift,
    ...options,
  })
  const calls: string[] = []
  let toLose = { count: 0, path: '' }
  const losing = new WeakSet<Socket>()
  const http = createHttpServer((request, response) => {
    const path = (request.url ?? '').replace('/api/auth/', '')
    calls.push(path)
    if (toLose.count > 0 && path === toLose.path) {
      toLose.count--
      lost.add(request.socket.remotePort ?? 0)
    }
    if (path === '/orders') return void answerOrders(auth, request, response)
    auth.handler(request, response)
  })
  const lost = new Set<number>()
  const inner = await listen(http)
  const open = new Set<Socket>()
  let isPlugged = true
  const proxy = createServer((socket) => {
    if (!isPlugged) return void socket.destroy()
    const upstream = connect(inner, '127.0.0.1')
    open.add(socket)
    socket.on('error', () => undefined).on('close', () => upstream.destroy())
    upstream.on('error', () => undefined).on('close', () => socket.destroy())
    socket.pipe(upstream)
    upstream.on('data', (bytes) => {
      if (upstream.localPort !== undefined && lost.delete(upstream.localPort)) losing.add(upstream)
      if (losing.has(upstream)) socket.destroy()
      else socket.write(bytes)
    })
  })
  const port = await listen(proxy)
  t.after(async () => {
    for (const socket of open) socket.destroy()
    proxy.close()
    http.close()
    http.closeAllConnections()
    await auth.close()
  })
  return {
    url: `http://127.0.0.1:${port}`,
    auth,
    calls,
    loseAnswers: (count, path) => {
      toLose = { count, path }
    },
    unplug: () => {
      isPlugged = false
      for (const socket of open) socket.destroy()
    },
    plugIn: () => {
      isPlugged = true
    },
    pass: (seconds) => {
      shift += seconds * 1000
    },
  }
}

async function answerOrders(
  auth: Countersign,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const caller = await auth.authenticate(request.headers.authorization)
  response.statusCode = caller.ok ? 200 : 401
  request.pipe(response)
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
