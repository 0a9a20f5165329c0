import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import {
  bearer,
  createSite,
  openLibrary,
  type Site,
  serveSite,
  signUp,
} from '../library.fixture.ts'

describe('in node:http', () => {
  test('serves a whole session: register, log in, own profile, refresh, log out', async (t) => {
    const auth = await openLibrary(t)
    await livesThrough(await serveSite(t, auth.handler))
  })

  test('a host that hands on everything gets a 404 for what is not ours', async (t) => {
    const auth = await openLibrary(t)
    const site = await serveSite(t, auth.handler)
    const answer = await site.call('GET', '/somewhere')
    assert.equal(answer.status, 404)
    assert.equal(answer.json().code, 'not_found')
  })

  test('a host that chains keeps what is not ours, with its own URL', async (t) => {
    const auth = await openLibrary(t)
    const site = await serveSite(t, (request, response) =>
      auth.handler(request, response, () => response.end(`host ${request.url}`)),
    )
    assert.equal((await site.call('GET', '/basket?full=1')).text, 'host /basket?full=1')
    assert.equal((await site.call('GET', '/api/users/public')).status, 200)
  })

  test('a host that chains sees its own URL again while a call runs', async (t) => {
    const auth = await openLibrary(t)
    let seen: string | undefined
    const site = await serveSite(t, (request, response) => {
      Object.assign(request, { originalUrl: '/api/users/public?a=1' })
      request.url = '/users/public?a=1'
      auth.handler(request, response)
      seen = request.url
    })
    assert.equal((await site.call('GET', '/')).status, 200)
    assert.equal(seen, '/users/public?a=1')
  })

  test('no route has a second path, which rules for the first would not cover', async (t) => {
    const auth = await openLibrary(t)
    const site = await serveSite(t, auth.handler)
    const { port } = new URL(site.url)
    assert.equal(await statusOf(port, '/api/users/public'), 200)
    for (const alias of [
      '/users/public',
      '/api/api/users/public',
      '/x/../api/users/public',
      '/api/./users/public',
      '/api/%2e%2e/api/users/public',
      '//api/users/public',
      '/api//users/public',
      '/api/users/public/',
      '/API/users/public',
      '/api/users\\public',
      'http://localhost/x/../api/users/public',
      'http://localhost?/api/users/public',
      'http://localhost?/../api/users/public',
      '*',
    ]) {
      assert.notEqual(await statusOf(port, alias), 200, alias)
    }
  })

  test('a Host that is none is refused, and one that is there in any form is not', async (t) => {
    const auth = await openLibrary(t)
    const { port } = new URL((await serveSite(t, auth.handler)).url)
    const answerTo = async (host: string): Promise<number> =>
      Number(/^HTTP\/1\.1 (\d+)/.exec(await exchange(port, '/api/users/public', host))?.[1])
    for (const host of ['localhost', 'auth.example.com:443', '[::1]:3000', '10.0.0.1', 'a_b-c']) {
      assert.equal(await answerTo(host), 200, host)
    }
    for (const host of ['a/b', 'a b', 'a@b', 'a:b', 'a:1:2', '[::1', '<script>']) {
      assert.equal(await answerTo(host), 400, host)
    }
  })

  test('says how long each answer is: a HEAD as its GET, a 204 not at all', async (t) => {
    const auth = await openLibrary(t)
    const site = await serveSite(t, auth.handler)
    const got = await site.call('GET', '/api/users/public')
    assert.equal(lengthOf(got), `${Buffer.byteLength(got.text)}`)
    const head = await site.call('HEAD', '/api/users/public')
    assert.equal(head.text, '')
    assert.equal(lengthOf(head), lengthOf(got))
    const none = await site.call('OPTIONS', '/api/users/public')
    assert.equal(none.status, 204)
    assert.equal(lengthOf(none), null)
    assert.equal(none.headers.get('transfer-encoding'), null)
  })

  test('a body that is too long is answered, and does not go on for ever', async (t) => {
    const auth = await openLibrary(t)
    const { port } = new URL((await serveSite(t, auth.handler)).url)
    const socket = connect(Number(port), '127.0.0.1').setEncoding('latin1')
    t.after(() => socket.destroy())
    let answer = ''
    socket.on('data', (part: string) => (answer += part)).on('error', () => undefined)
    socket.write(
      'POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n',
    )
    const closed = once(socket, 'close')
    const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`
    const sending = setInterval(() => socket.write(chunk), 5)
    t.after(() => clearInterval(sending))
    await closed
    assert.match(answer, /^HTTP\/1\.1 413 /)
    assert.match(answer, /"code":"payload_too_large"/)
  })

  test('sets several cookies in lines of their own, beside those that the host has set', async (t) => {
    const auth = await openLibrary(t)
    const names = async (hosts: string | string[] | undefined): Promise<string[]> => {
      const site = await serveSite(t, (request, response) => {
        if (hosts !== undefined) response.setHeader('Set-Cookie', hosts)
        auth.handler(request, response)
      })
      const body = { username: 'ada', password: 'a long enough phrase 7' }
      await site.call('POST', '/api/auth/register', { body })
      const { headers } = await site.call('POST', '/api/auth/login', { body })
      return headers.getSetCookie().map((line) => line.split('=', 1)[0] ?? '')
    }
    assert.deepEqual(await names(undefined), ['refreshToken', 'device'])
    assert.deepEqual(await names('basket=1'), ['basket', 'refreshToken', 'device'])
    assert.deepEqual(await names(['a=1', 'b=2']), ['a', 'b', 'refreshToken', 'device'])
  })

  test('the global Request and Response of the host stay what they were', async (t) => {
    const before = { Request: globalThis.Request, Response: globalThis.Response }
    const auth = await openLibrary(t)
    await signUp(await serveSite(t, auth.handler), 'ada')
    assert.equal(globalThis.Request, before.Request)
    assert.equal(globalThis.Response, before.Response)
  })
})

describe('as a Fetch handler', () => {
  test('inside Hono, with the address that Hono knows', async (t) => {
    const ips: (string | null)[] = []
    const auth = await openLibrary(t, { onEvent: ({ ip }) => void ips.push(ip) })
    const app = new Hono<{ Bindings: { incoming: { socket: { remoteAddress: string } } } }>()
    app.all('/api/*', (c) => {
      const { remoteAddress } = c.env.incoming.socket
      return auth.fetch(c.req.raw, { remoteAddress })
    })
    app.get('/basket', (c) => c.text('host'))
    const listener = getRequestListener((request, env) => app.fetch(request, env), {
      overrideGlobalObjects: false,
    })
    const site = await serveSite(t, (request, response) => void listener(request, response))
    await livesThrough(site)
    assert.equal((await site.call('GET', '/basket')).text, 'host')
    assert.ok(ips.length > 2)
    assert.deepEqual([...new Set(ips)], ['127.0.0.1'])
  })

  test('mounted by Hono, which strips the prefix', async (t) => {
    const auth = await openLibrary(t)
    const app = new Hono()
    app.mount('/identity', (request: Request) => auth.fetch(request))
    const site = createSite('http://localhost', async (url, init) => app.request(url, init))
    await signUp(site, 'ada', '/identity/api')
  })

  test('without any server', async (t) => {
    const auth = await openLibrary(t)
    const site = createSite('http://localhost:3000', (url, init) =>
      auth.fetch(new Request(url, init)),
    )
    await livesThrough(site)
  })

  test('reads a body that comes in pieces, and refuses one that is too long', async (t) => {
    const auth = await openLibrary(t)
    const send = (text: string) => {
      const bytes = new TextEncoder().encode(text)
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          for (let at = 0; at < bytes.length; at += 7) controller.enqueue(bytes.slice(at, at + 7))
          controller.close()
        },
      })
      const headers = { 'content-type': 'application/json' }
      const init = { method: 'POST', headers, body, duplex: 'half' } as const
      return auth.fetch(new Request('http://localhost/api/auth/register', init))
    }
    const body = { username: 'ada', password: 'a long enough phrase 7' }
    assert.equal((await send(JSON.stringify(body))).status, 201)
    assert.equal((await send(JSON.stringify({ ...body, email: 'x'.repeat(11_000) }))).status, 413)
  })
})

/** What every mounting has to carry: bodies, cookies, headers, statuses. */
async function livesThrough(site: Site): Promise<void> {
  const { token, csrfToken } = await signUp(site, 'ada')
  const profile = await site.call('GET', '/api/users', bearer(token))
  assert.equal(profile.json().username, 'ada')
  const csrf = { headers: { 'x-csrf-token': csrfToken } }
  const refreshed = await site.call('POST', '/api/auth/refresh', csrf)
  assert.equal(refreshed.status, 200)
  assert.match(refreshed.headers.getSetCookie()[0] ?? '', /^refreshToken=[^;]+; Path=\/; /)
  assert.notEqual(refreshed.json().token, token)
  assert.equal((await site.call('POST', '/api/auth/logout', csrf)).status, 204)
  assert.equal((await site.call('GET', '/api/users', bearer(token))).status, 401)
}

function lengthOf({ headers }: { readonly headers: Headers }): string | null {
  return headers.get('content-length')
}

async function statusOf(port: string, target: string): Promise<number> {
  return Number(/^HTTP\/1\.1 (\d+)/.exec(await exchange(port, target, 'localhost'))?.[1])
}

/** fetch would normalise path and Host before they are sent. */
async function exchange(port: string, target: string, host: string): Promise<string> {
  const socket = connect(Number(port), '127.0.0.1').setEncoding('latin1')
  let answer = ''
  socket.on('data', (part: string) => (answer += part))
  socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  await once(socket, 'close')
  return answer
}
