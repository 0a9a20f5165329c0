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
    const [path] = (request.url ?? '').split('?', 1)
    if (path !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      // RFC 9110 section 15.5.6: what there is instead has to be said.
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
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
