import type { Duplex } from 'node:stream'
import { STATUS_CODES } from 'node:http'

/** What the HTTP parser could not read gets an answer too, in the form of every other problem. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = statusOf(error.code)
  const message = STATUS_CODES[status] ?? 'Bad Request'
  const code = 'invalid_request'
  const body = JSON.stringify({ type: `urn:countersign:problem:${code}`, status, code, message })
  socket.end(
    `HTTP/1.1 ${status} ${message}\r\nContent-Type: application/problem+json; charset=utf-8\r\n` +
      `Cache-Control: no-store\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  )
}

function statusOf(code: string | undefined): number {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 431
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 408
    default:
      return 400
  }
}
