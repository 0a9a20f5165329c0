import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { createProgram } from '../program.fixture.ts'
import { refuseUnreadable } from './refuse-unreadable.ts'

const whole = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const begun = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n'
const chunked = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
const garbage = 'SSH-2.0-client\r\n\r\n'

interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** Reads everything until the server hangs up. */
async function exchange(socket: Socket, ...parts: string[]): Promise<string> {
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => (received += text))
  socket.on('error', () => undefined)
  const closed = once(socket, 'close')
  for (const part of parts) socket.write(part, 'latin1')
  await closed
  return received
}

function parse(text: string): Answer {
  const [head = '', body = ''] = text.split('\r\n\r\n')
  const [line = '', ...fields] = head.split('\r\n')
  const pairs = fields.map((field): [string, string] => {
    const colon = field.indexOf(':')
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()]
  })
  const headers = new Map(pairs)
  assert.equal(headers.size, pairs.length, 'no header comes twice')
  return { status: Number(/^HTTP\/1\.1 (\d{3}) \S/.exec(line)?.[1]), headers, body }
}

function assertProblem(text: string, status: number, code: string): void {
  const answer = parse(text)
  assert.equal(answer.status, status, text)
  assert.equal(answer.headers.get('connection'), 'close')
  assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8')
  assert.equal(answer.headers.get('content-length'), `${answer.body.length}`)
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'/)
  const { message, requestId, ...rest } = JSON.parse(answer.body) as Record<string, unknown>
  assert.deepEqual(rest, { type: `urn:countersign:problem:${code}`, status, code })
  assert.equal(requestId, answer.headers.get('x-request-id'))
  assert.ok(typeof message === 'string' && message.length > 9)
}

describe('what the program cannot read', () => {
  test('is answered as every other problem is, and the connection ends', async (t) => {
    const server = await createProgram(t).start()
    const { port } = new URL(server.url)
    const long = `GET /health/live HTTP/1.1\r\nHost: a\r\nCookie: ${'x'.repeat(20_000)}\r\n\r\n`
    const bad = 'POST /api/auth/login HTTP/1.1\r\nHost: a\r\n'
    const cases: readonly [string, number, string][] = [
      [garbage, 400, 'invalid_request'],
      ['GET /health/live HTTP/1.1\r\n\r\n', 400, 'invalid_request'],
      [`${bad}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400, 'invalid_request'],
      [`${bad}Content-Length: 2\r\nExpect: tea\r\n\r\n{}`, 417, 'expectation_failed'],
      [long, 431, 'headers_too_large'],
    ]
    for (const [text, status, code] of cases) {
      assertProblem(await exchange(connect(Number(port), '127.0.0.1'), text), status, code)
    }
    const old = await exchange(
      connect(Number(port), '127.0.0.1'),
      'GET /health/live HTTP/1.0\r\n\r\n',
    )
    assert.equal(parse(old).status, 200, 'HTTP/1.0 knows no Host')
  })

  test('carries HSTS where the public URL is https', async (t) => {
    const open = await serve(t, () => assert.fail('handled'), { https: true })
    const { headers } = parse(await exchange(open(), garbage))
    assert.match(headers.get('strict-transport-security') ?? '', /max-age=\d{8}/)
  })

  for (const [name, text] of Object.entries({ head: 'GET / HT', body: begun })) {
    test(`is a request whose ${name} takes too long, too`, async (t) => {
      const open = await serve(t, () => undefined)
      assertProblem(await exchange(open(), text), 408, 'request_timeout')
    })
  }
})

describe('a connection on which an answer is due or under way', () => {
  test('carries the answer to what came before, and no other', async (t) => {
    const waiting: ServerResponse[] = []
    const open = await serve(t, (_request, response) => void waiting.push(response))
    const received = exchange(open(), whole, garbage)
    await until(() => waiting.length === 1)
    setImmediate(() => waiting[0]?.end('it is done'))
    const text = await received
    assert.match(text, /^HTTP\/1\.1 200 OK/)
    assert.match(text, /it is done/)
    assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1)
  })

  test('gets nothing into the middle of a stream', async (t) => {
    const open = await serve(t, (_request, response) => {
      response.write('first ')
      setImmediate(() => response.end('last'))
    })
    const text = await exchange(open(), whole, garbage)
    assert.doesNotMatch(text, /problem/)
    assert.match(text, /first [\s\S]*last/)
  })

  test('is cut when the rest of a request that is being answered cannot be read', async (t) => {
    const open = await serve(t, (_request, response) => void response.write('early'))
    const socket = open()
    socket.write(chunked)
    await once(socket.setEncoding('latin1'), 'data')
    assert.equal(await exchange(socket, 'zz\r\n'), '')
  })

  test('gets none after the answer to a request whose rest cannot be read', async (t) => {
    const open = await serve(t, (_request, response) => void response.end('early'))
    const socket = open()
    socket.write(chunked)
    await once(socket.setEncoding('latin1'), 'data')
    assert.equal(await exchange(socket, 'zz\r\n'), '')
  })

  test('is free again when the answer is there', async (t) => {
    const open = await serve(t, (_request, response) => void response.end('done'))
    const socket = open()
    socket.write(whole)
    await once(socket.setEncoding('latin1'), 'data')
    assertProblem(await exchange(socket, garbage), 400, 'invalid_request')
  })
})

async function serve(
  t: TestContext,
  handler: RequestListener,
  { https = false }: { readonly https?: boolean } = {},
): Promise<() => Socket> {
  const server = createServer({
    requireHostHeader: false,
    headersTimeout: 100,
    requestTimeout: 100,
    connectionsCheckingInterval: 20,
  })
  server.on('request', refuseUnreadable(server, handler, { https }))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return () => {
    const socket = connect(port, '127.0.0.1')
    t.after(() => socket.destroy())
    return socket
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate)
}
