import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  problem,
  type ProblemCode,
  problemKinds,
  renderProblem,
  securityHeaders,
} from '@countersign/server'
import { STATUS_CODES } from './node-http.ts'

/**
 * What never comes to the handler (no HTTP, no Host, an expectation, too long a head, too slow a request) is answered by
 * node:http with a bare status. Here it gets an answer in the form and with the headers of every other problem, and the
 * connection ends: where its next request would begin is not known.
 *
 * The server has to be made with `requireHostHeader: false`: the Host is asked for here.
 *
 * @returns what is to hear of the requests in place of the handler
 */
export function refuseUnreadable(
  server: Server,
  handler: RequestListener,
  options: { readonly https: boolean },
): RequestListener {
  const newest = new WeakMap<Duplex, ServerResponse>()
  const base = { ...securityHeaders(options.https), connection: 'close' }
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy()
    else refuseOn(socket, newest.get(socket), toCode(error.code), base)
  })
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    newest.set(request.socket, response)
    refuse(response, 'expectation_failed', base)
  })
  return (request, response) => {
    newest.set(request.socket, response)
    // RFC 9112 section 3.2. HTTP/1.0 knows no Host.
    const isNamed = request.headers.host !== undefined || request.httpVersion !== '1.1'
    if (isNamed) handler(request, response)
    else refuse(response, 'invalid_request', base)
  }
}

type Headers = Readonly<Record<string, string>>

function refuse(response: ServerResponse, code: ProblemCode, base: Headers): void {
  const { status, headers, body } = toAnswer(code, base)
  response.writeHead(status, headers).end(body)
}

/** A caller takes answers in the order of its requests, so none may stand where that of another is due. */
function refuseOn(
  socket: Duplex,
  newest: ServerResponse | undefined,
  code: ProblemCode,
  base: Headers,
): void {
  if (newest === undefined || isDone(newest) || isItsOwn(newest, socket)) {
    const { status, headers, body } = toAnswer(code, base)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`)
  } else if (newest.req.complete && !newest.writableFinished) {
    // The request before was whole and is being answered: that answer still goes out, and nothing after it.
    newest.once('close', () => socket.destroy())
  } else {
    socket.destroy()
  }
}

function isDone({ writableFinished, req }: ServerResponse): boolean {
  return writableFinished && req.complete
}

/** What cannot be read is the rest of the request that this answer is for, and nothing was said yet. */
function isItsOwn({ headersSent, req, socket: own }: ServerResponse, socket: Duplex): boolean {
  return !req.complete && !headersSent && own === socket
}

function toAnswer(
  code: ProblemCode,
  base: Headers,
): { readonly status: number; readonly headers: Headers; readonly body: string } {
  const { status } = problemKinds[code]
  const requestId = randomUUID()
  const body = renderProblem(problem(code), requestId)
  const headers = {
    ...base,
    'x-request-id': requestId,
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': `${Buffer.byteLength(body)}`,
  }
  return { status, headers, body }
}

function toCode(code: string | undefined): ProblemCode {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'headers_too_large'
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request_timeout'
    default:
      return 'invalid_request'
  }
}
