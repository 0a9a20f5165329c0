import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { securityHeaders } from '@countersign/server'

/**
 * What the HTTP parser could not read gets an answer too, in the form and with the headers of every other problem.
 *
 * @param https whether the public URL is https
 */
export function createUnreadableRefusal(
  https: boolean,
): (error: NodeJS.ErrnoException, socket: Duplex) => void {
  const headers = Object.entries(securityHeaders(https))
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  return (error, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy()
      return
    }
    const status = statusOf(error.code)
    const reason = STATUS_CODES[status] ?? 'Bad Request'
    const requestId = randomUUID()
    const body = renderProblem(status, reason, requestId)
    socket.end(
      `HTTP/1.1 ${status} ${reason}\r\n${headers}x-request-id: ${requestId}\r\n` +
        `content-type: application/problem+json; charset=utf-8\r\ncontent-length: ${body.length}\r\n` +
        `connection: close\r\n\r\n${body}`,
    )
  }
}

function renderProblem(status: number, message: string, requestId: string): string {
  const code = 'invalid_request'
  const type = `urn:countersign:problem:${code}`
  return JSON.stringify({ type, status, code, message, requestId })
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
