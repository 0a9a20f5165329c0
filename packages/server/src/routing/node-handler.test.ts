import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { z } from 'zod'
import { createNodeHandler, pathAndQuery } from './node-handler.ts'
import { defineRoute } from './route.ts'
import { createRouteTable } from './route-table.ts'
import { createTestApplication } from './routing.fixture.ts'

const echo = defineRoute(
  {
    method: 'POST',
    path: '/api/echo/{id}',
    operationId: 'echo',
    tag: 'Test',
    summary: 'Says what it received',
    access: 'anyone',
    counting: 'none',
    query: z.strictObject({ q: z.string().optional() }),
    body: z.strictObject({ a: z.number() }),
    success: { status: 200, description: 'Fine' },
    problems: [],
  },
  ({ params, query, body, context }) => ({
    status: 200,
    body: { params, query, body, ip: context.ip },
    headers: { 'set-cookie': 'a=1; Path=/' },
  }),
)

type Mount = (
  handler: ReturnType<typeof createNodeHandler>,
  request: IncomingMessage,
  response: ServerResponse,
) => void

async function serve(t: TestContext, mount: Mount, replaceGlobals = false): Promise<number> {
  const { application } = createTestApplication([echo])
  const handler = createNodeHandler(application, createRouteTable([echo]), { replaceGlobals })
  const server = createServer((request, response) => mount(handler, request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const post = (port: number, path: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    body: '{"a":1}',
    headers: { 'content-type': 'application/json' },
  })

/** What a server answers to these bytes: a request as no client library would send it. */
async function sendRaw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(text)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

describe('the handler for node:http', () => {
  test('serves the routes with parameters, query, body, address and cookie', async (t) => {
    const port = await serve(t, (handler, request, response) => handler(request, response))
    const response = await post(port, '/api/echo/a%20b?q=x')
    assert.deepEqual(await response.json(), {
      params: { id: 'a b' },
      query: { q: 'x' },
      body: { a: 1 },
      ip: '127.0.0.1',
    })
    assert.deepEqual(response.headers.getSetCookie(), ['a=1; Path=/'])
  })

  test('knows its routes under a prefix that the host has stripped', async (t) => {
    const port = await serve(t, (handler, request, response) => {
      request.url = request.url?.replace(/^\/api/, '')
      handler(request, response)
    })
    assert.equal((await post(port, '/api/echo/7')).status, 200)
  })

  test('leaves what is not its own to the host, with the URL as it was', async (t) => {
    const port = await serve(t, (handler, request, response) =>
      handler(request, response, (error) => {
        assert.equal(error, undefined)
        response.end(`host ${request.url}`)
      }),
    )
    assert.equal(await (await post(port, '/other/thing?x=1')).text(), 'host /other/thing?x=1')
    assert.equal((await post(port, '/api/echo/7')).status, 200)
    assert.equal((await post(port, '/echo/7')).status, 200)
  })

  test('answers 404 for what is not its own when there is no host', async (t) => {
    const port = await serve(t, (handler, request, response) => handler(request, response))
    const response = await post(port, '/other')
    assert.equal(response.status, 404)
    assert.equal(((await response.json()) as { code: string }).code, 'not_found')
  })

  test('gives the host its own URL back', async (t) => {
    const urls: (string | undefined)[] = []
    const port = await serve(t, (handler, request, response) => {
      handler(request, response)
      urls.push(request.url)
    })
    await post(port, '/echo/7?q=x')
    assert.deepEqual(urls, ['/echo/7?q=x'])
  })

  test('refuses a request that cannot be read as one, and goes on', async (t) => {
    const port = await serve(t, (handler, request, response) => handler(request, response))
    const answer = await sendRaw(
      port,
      'GET /api/echo/7 HTTP/1.1\r\nHost: a b\\c<script>\r\nConnection: close\r\n\r\n',
    )
    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.match(answer, /"code":"invalid_request"/)
    assert.equal(answer.includes('script'), false)
    assert.equal((await post(port, '/api/echo/7')).status, 200)
  })

  test('leaves the global Request and Response of its host alone', async (t) => {
    const before = [globalThis.Request, globalThis.Response]
    const port = await serve(t, (handler, request, response) => handler(request, response))
    await post(port, '/api/echo/7')
    assert.deepEqual([globalThis.Request, globalThis.Response], before)
  })
})

describe('the path of a URL', () => {
  test('is what stands in a request line', () => {
    for (const [url, expected] of [
      ['http://localhost/a?b=/c', '/a?b=/c'],
      ['http://localhost', '/'],
      ['http://localhost:3000/', '/'],
      ['https://x/a%2Fb', '/a%2Fb'],
      ['http://localhost/api/users/7#part', '/api/users/7'],
      ['http://localhost/a?b#c?d', '/a?b'],
    ] as const) {
      assert.equal(pathAndQuery(url), expected)
    }
  })
})
