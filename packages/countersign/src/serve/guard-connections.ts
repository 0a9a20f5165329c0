import type { RequestListener, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Browsers and proxies send none ahead; whoever does needs no more. */
const mostAhead = 32
/** Longer than any answer is prepared for; a stream of events says something every five seconds. */
const silentForMs = 60_000

/**
 * Hands the server's requests to the listener, and bounds what one connection can make it hold. Each request that is sent
 * ahead of the answers before it (RFC 9112 section 9.3.2) holds some kilobytes, and sixteen hundred come in one read. A
 * caller who does not read what was asked for holds it for as long as nobody closes the connection.
 */
export function serveGuarded(
  server: Server,
  listener: RequestListener,
  limits: { readonly silentForMs?: number } = {},
): void {
  const ahead = new WeakMap<Socket, number>()
  const mayWait = (socket: Socket, response: ServerResponse): boolean => {
    const waiting = (ahead.get(socket) ?? 0) + 1
    if (waiting > mostAhead) {
      socket.destroy()
      return false
    }
    ahead.set(socket, waiting)
    response.once('close', () => ahead.set(socket, (ahead.get(socket) ?? 1) - 1))
    return true
  }
  server.setTimeout(limits.silentForMs ?? silentForMs)
  server.on('request', (request, response) => {
    // What was read with them comes after a connection was closed, too.
    if (request.socket.destroyed) return
    // An answer that has its connection already waits for no other, and that is nearly every one.
    if (response.socket !== null || mayWait(request.socket, response)) listener(request, response)
  })
}
