import type { Server } from 'node:http'
import type { Countersign } from '@countersign/server'
import { listen } from './listen.ts'
import { createServer } from './node-http.ts'

/** /metrics on a port of its own, for networks where that port is reachable only from within. */
export async function serveMetrics(
  auth: Pick<Countersign, 'metrics'>,
  port: number,
  host: string,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (request.url !== '/metrics' || !isRead) {
      response.writeHead(request.url === '/metrics' ? 405 : 404).end()
      return
    }
    auth.metrics().then(
      (text) =>
        response
          .writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
          .end(text),
      () => response.writeHead(500).end(),
    )
  })
  const address = await listen(server, port, host, 'METRICS_PORT')
  return { server, url: `http://localhost:${address.port}/metrics` }
}
