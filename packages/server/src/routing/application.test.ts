import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { createTestAccount } from '../accounts/account.fixture.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { problem } from '../http/problems.ts'
import type { Answer } from '../http/reply.ts'
import { FetchSource, RequestAbortedError } from '../http/request-source.ts'
import type { ApplicationParts } from './application.ts'
import { type Access, defineRoute, type Method, type Route } from './route.ts'
import { createTestApplication } from './routing.fixture.ts'

interface Wish {
  readonly method?: Method
  readonly path?: string
  readonly access?: Access
  readonly counting?: 'caller' | 'session' | 'none'
  readonly body?: z.ZodType
  readonly query?: z.ZodType
  readonly missingMessage?: string
  readonly answer?: () => Answer | Promise<Answer>
}

/** A route of which only matters what the test is about. */
function route(wish: Wish = {}): Route {
  const { method = 'GET', path = '/thing', access = 'anyone', counting = 'none', ...rest } = wish
  const { answer = () => ({ status: 200, body: { ok: true } }), ...contract } = rest
  return defineRoute(
    {
      method,
      path,
      access,
      counting,
      ...contract,
      operationId: `${method} ${path}`,
      tag: 'Test',
      summary: 'Test',
      success: { status: 200, description: 'Fine' },
      problems: [],
    },
    answer,
  )
}

function setUp(routes: readonly Route[], changes: Partial<ApplicationParts> = {}) {
  const { application, ...rest } = createTestApplication(routes, changes)
  const call = async (
    method: string,
    target: string,
    init: RequestInit = {},
  ): Promise<Response> => {
    const request = new Request('http://localhost/', { method: 'POST', ...init })
    const source = new FetchSource(request, '203.0.113.9')
    const { status, headers, body } = await application.answer(method, target, source)
    return new Response(body, { status, headers })
  }
  return { call, ...rest }
}

async function codeOf(response: Response): Promise<string> {
  const body = (await response.json()) as { code: string; requestId: string }
  assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8')
  assert.equal(body.requestId, response.headers.get('x-request-id'))
  return `${response.status} ${body.code}`
}

const principal = { account: createTestAccount(), sessionId: 'session-1', authenticatedAt: 0 }

const preflight = (origin?: string) => ({
  headers: {
    'access-control-request-method': 'DELETE',
    ...(origin !== undefined && { origin }),
  },
})

const json = (body: string) => ({ body, headers: { 'content-type': 'application/json' } })

const failing = (error: unknown) => [
  route({
    answer: () => {
      throw error
    },
  }),
]

describe('an answer', () => {
  test('carries the security headers, an id of its own, and the body as JSON', async () => {
    const { call } = setUp([route()])
    const [response, next] = [await call('GET', '/thing'), await call('GET', '/thing?x=1')]
    assert.deepEqual(await response.json(), { ok: true })
    for (const [name, value] of [
      ['content-type', 'application/json; charset=utf-8'],
      ['cache-control', 'no-store'],
      ['x-content-type-options', 'nosniff'],
      ['x-frame-options', 'DENY'],
      ['strict-transport-security', 'max-age=63072000; includeSubDomains'],
      ['x-request-id', 'request-0'],
    ] as const) {
      assert.equal(response.headers.get(name), value)
    }
    assert.equal(next.headers.get('x-request-id'), 'request-1')
  })

  test('takes no request id from the caller', async () => {
    const { call } = setUp([route()])
    const response = await call('GET', '/thing', { headers: { 'x-request-id': 'forged' } })
    assert.equal(response.headers.get('x-request-id'), 'request-0')
  })

  test('may have bytes of its own type, and headers that win over the usual ones', async () => {
    const headers = { 'content-type': 'text/plain', 'cache-control': 'public, max-age=300' }
    const { call } = setUp([route({ answer: () => ({ status: 200, raw: 'hello', headers }) })])
    const response = await call('GET', '/thing')
    assert.equal(await response.text(), 'hello')
    assert.equal(response.headers.get('content-type'), 'text/plain')
    assert.equal(response.headers.get('cache-control'), 'public, max-age=300')
  })

  test('to HEAD is that of GET without its body, and says how long it would be', async () => {
    const { call } = setUp([route({ answer: () => ({ status: 200, body: { ä: 1 } }) })])
    const response = await call('HEAD', '/thing')
    assert.equal(response.status, 200)
    assert.equal(await response.text(), '')
    assert.equal(response.headers.get('content-length'), `${Buffer.byteLength('{"ä":1}')}`)
    const missing = await call('HEAD', '/nothing')
    assert.deepEqual([missing.status, await missing.text()], [404, ''])
  })

  test('is told to whoever measures, by the path of the contract', async () => {
    const { call, records } = setUp([route({ path: '/things/{id}' })])
    await call('GET', '/things/7?secret=x')
    await call('GET', '/unknown/made/up')
    await call('PUT', '/things/7')
    assert.deepEqual(
      records.map(({ method, route: path, status }) => [method, path, status]),
      [
        ['GET', '/things/{id}', 200],
        ['GET', undefined, 404],
        ['PUT', undefined, 405],
      ],
    )
    assert.ok(records.every(({ durationMs }) => durationMs >= 0))
  })
})

describe('what is not there', () => {
  test('is 404, and another method 405 with those there are', async () => {
    const { call } = setUp([
      route(),
      route({ method: 'DELETE' }),
      route({ method: 'PUT', path: '/p' }),
    ])
    assert.equal(await codeOf(await call('GET', '/nothing')), '404 not_found')
    const other = await call('PATCH', '/thing')
    assert.equal(other.headers.get('allow'), 'GET, DELETE, HEAD, OPTIONS')
    assert.equal(await codeOf(other), '405 method_not_allowed')
    const unreadable = await call('GET', '/p')
    assert.equal(unreadable.headers.get('allow'), 'PUT, OPTIONS')
    assert.equal((await call('HEAD', '/p')).status, 405)
  })

  test('is 405 for methods that nobody has, TRACE among them (ASVS v5.0.0-13.4.4)', async () => {
    const { call } = setUp([route()])
    for (const method of ['TRACE', 'CONNECT', 'get', 'FOO', '']) {
      assert.equal((await call(method, '/thing')).status, 405, method)
    }
  })

  test('is counted against the address, so that nobody may search without end', async () => {
    const { call, audit } = setUp([route()])
    for (let i = 0; i < 5; i++) assert.equal((await call('GET', `/nothing/${i}`)).status, 404)
    assert.equal(await codeOf(await call('GET', '/nothing')), '429 too_many_requests')
    assert.equal(await codeOf(await call('PATCH', '/thing')), '429 too_many_requests')
    assert.equal(audit.events.length, 1)
  })
})

describe('a preflight', () => {
  test('of a listed origin learns what is allowed', async () => {
    const { call } = setUp([route(), route({ method: 'DELETE' })])
    const response = await call('OPTIONS', '/thing', preflight('https://app.example.com'))
    assert.equal(response.status, 204)
    assert.equal(response.headers.get('access-control-allow-origin'), 'https://app.example.com')
    assert.equal(response.headers.get('access-control-allow-methods'), 'GET, DELETE, HEAD, OPTIONS')
  })

  test('of our own origin is answered without CORS, of any other refused', async () => {
    const { call } = setUp([route()])
    const own = await call('OPTIONS', '/thing', preflight('https://auth.example.com'))
    assert.equal(own.status, 204)
    assert.equal(own.headers.get('access-control-allow-origin'), null)
    for (const origin of ['https://evil.test', 'null', 'https://app.example.com.evil.test']) {
      const response = await call('OPTIONS', '/thing', preflight(origin))
      assert.equal(response.headers.get('access-control-allow-origin'), null)
      assert.equal(response.headers.get('access-control-allow-methods'), null)
      assert.equal(await codeOf(response), '403 origin_not_allowed')
    }
  })

  test('without its headers is a plain OPTIONS', async () => {
    const { call } = setUp([route()])
    for (const init of [{}, preflight(), { headers: { origin: 'https://evil.test' } }]) {
      const response = await call('OPTIONS', '/thing', init)
      assert.equal(response.status, 204)
      assert.equal(response.headers.get('allow'), 'GET, HEAD, OPTIONS')
    }
    assert.equal((await call('OPTIONS', '/nothing')).status, 404)
  })
})

describe('CORS', () => {
  test('is on every answer to a listed origin, refusals included, and on no other', async () => {
    const { call } = setUp([route()])
    for (const [origin, expected] of [
      ['https://app.example.com', 'https://app.example.com'],
      ['https://evil.test', null],
      ['https://auth.example.com', null],
    ] as const) {
      for (const target of ['/thing', '/nothing']) {
        const response = await call('GET', target, { headers: { origin } })
        assert.equal(response.headers.get('access-control-allow-origin'), expected)
        // Also to those that are not listed, or a cache would give theirs to one that is.
        assert.equal(response.headers.get('vary'), 'Origin')
      }
    }
  })

  test('varies by the origin beside whatever a route varies by', async () => {
    const reply = { status: 200, body: {}, headers: { vary: 'Accept' } }
    const varying = [{ ...route(), handle: () => reply }]
    for (const origin of ['https://app.example.com', 'https://evil.test']) {
      const response = await setUp(varying).call('GET', '/thing', { headers: { origin } })
      assert.equal(response.headers.get('vary'), 'Origin, Accept')
    }
    const origins = { own: 'https://auth.example.com', allowed: [] }
    const response = await setUp(varying, { origins }).call('GET', '/thing')
    assert.equal(response.headers.get('vary'), 'Accept')
  })

  test('is not there at all when no origin is listed', async () => {
    const origins = { own: 'https://auth.example.com', allowed: [] }
    const { call } = setUp([route()], { origins })
    const response = await call('GET', '/thing', { headers: { origin: 'https://evil.test' } })
    assert.equal(response.headers.get('vary'), null)
  })
})

describe('the guards', () => {
  const everything = {
    method: 'POST',
    access: { role: 'admin' },
    counting: 'caller',
    query: z.strictObject({ page: z.string() }),
    body: z.strictObject({ name: z.string() }),
  } as const
  test('object in their order: who, role, query, body, and only then the handler runs', async () => {
    let standing: 'nobody' | 'user' | 'admin' = 'nobody'
    let handled = 0
    const guarded = route({ ...everything, answer: () => (handled++, { status: 204 }) })
    const { call } = setUp([guarded], {
      authenticate: async () =>
        standing === 'nobody'
          ? { problem: problem('no_token') }
          : { principal: { ...principal, account: createTestAccount({ role: standing }) } },
    })
    assert.equal(await codeOf(await call('POST', '/thing', json('{'))), '401 no_token')
    standing = 'user'
    assert.equal(
      await codeOf(await call('POST', '/thing', json('{'))),
      '403 insufficient_permissions',
    )
    standing = 'admin'
    assert.equal(await codeOf(await call('POST', '/thing', json('{'))), '400 invalid_request')
    assert.equal(
      await codeOf(await call('POST', '/thing?page=1', json('{'))),
      '400 invalid_request',
    )
    const text = { body: '{}', headers: { 'content-type': 'text/plain' } }
    assert.equal(
      await codeOf(await call('POST', '/thing?page=1', text)),
      '415 unsupported_media_type',
    )
    const extra = json('{"name":"x","role":"admin"}')
    assert.equal(await codeOf(await call('POST', '/thing?page=1', extra)), '400 invalid_request')
    assert.equal(handled, 0)
    assert.equal((await call('POST', '/thing?page=1', json('{"name":"x"}'))).status, 204)
    assert.equal(handled, 1)
  })

  test('count a refused token as anonymous, before they refuse it', async () => {
    const { call } = setUp([route({ access: 'bearer', counting: 'caller' })], {
      authenticate: async () => ({ problem: problem('invalid_token') }),
    })
    for (let i = 0; i < 5; i++) assert.equal((await call('GET', '/thing')).status, 401)
    const refused = await call('GET', '/thing')
    assert.ok(Number(refused.headers.get('retry-after')) > 0)
    assert.equal(await codeOf(refused), '429 too_many_requests')
  })

  test('count a user’s calls as the user’s, wherever they come from', async () => {
    const { call } = setUp([route({ access: 'bearer', counting: 'caller' })], {
      authenticate: async () => ({ principal }),
    })
    const response = await call('GET', '/thing')
    assert.equal(response.headers.get('ratelimit-limit'), '1000')
    assert.equal(response.headers.get('ratelimit-remaining'), '999')
  })

  test('leave what counts nothing or counts by itself alone', async () => {
    const { call } = setUp([route(), route({ path: '/own', counting: 'session' })])
    for (let i = 0; i < 10; i++) {
      assert.equal((await call('GET', '/thing')).status, 200)
      assert.equal((await call('GET', '/own')).status, 200)
    }
  })

  test('record who asked for an administrator’s route (ASVS v5.0.0-16.3.2)', async () => {
    const { call, audit } = setUp([route({ access: { role: 'admin' } })], {
      authenticate: async () => ({ principal }),
    })
    await call('GET', '/thing', { headers: { 'user-agent': 'curl/8' } })
    const [event] = audit.events
    assert.equal(audit.events.length, 1)
    assert.equal(event?.type, 'access.denied')
    assert.deepEqual(event.facts, {
      actorId: principal.account.id,
      sessionId: 'session-1',
      detail: { operation: 'GET /thing', role: 'user' },
    })
    assert.equal(event.origin?.ip, '203.0.113.9')
    assert.equal(event.origin.userAgent, 'curl/8')
    assert.equal(event.origin.requestId, 'request-0')
  })

  test('never let a role through without a user', async () => {
    const { call } = setUp([route({ access: { role: 'admin' } })])
    const response = await call('GET', '/thing')
    assert.equal(response.headers.get('www-authenticate'), 'Bearer')
    assert.equal(await codeOf(response), '401 unauthorized')
  })

  test('hand the handler what the contract accepted', async () => {
    let seen: unknown
    const typed = defineRoute(
      {
        method: 'POST',
        path: '/things/{id}',
        operationId: 'x',
        tag: 'x',
        summary: 'x',
        access: 'anyone',
        counting: 'none',
        query: z.strictObject({ limit: z.coerce.number().default(50) }),
        body: z.strictObject({ name: z.string() }).optional(),
        success: { status: 204, description: 'x' },
        problems: [],
      },
      ({ params, query, body, principal: who }) => {
        seen = { params, query, body, who }
        return { status: 204 }
      },
    )
    const { call } = setUp([typed])
    await call('POST', '/things/a%2Fb', json('{"name":"x"}'))
    const expected = { params: { id: 'a/b' }, query: { limit: 50 }, who: undefined }
    assert.deepEqual(seen, { ...expected, body: { name: 'x' } })
    await call('POST', '/things/a%2Fb?limit=7')
    assert.deepEqual(seen, { ...expected, query: { limit: 7 }, body: undefined })
  })

  test('say the route’s own words when members are missing', async () => {
    const words = 'Username and password are required'
    const body = z.strictObject({ username: z.string().min(1) })
    const { call } = setUp([route({ method: 'POST', body, missingMessage: words })])
    for (const init of [{}, json('{}'), json('{"username":""}')]) {
      const response = await call('POST', '/thing', init)
      assert.equal(((await response.json()) as { message: string }).message, words)
    }
  })
})

describe('a failure', () => {
  test('that nobody expected is a 500 that tells nothing, and a line in the log that tells all', async () => {
    const error = new TypeError('SELECT password_hash FROM users')
    const { call, lines } = setUp(failing(error))
    const response = await call('GET', '/thing')
    const text = await response.clone().text()
    assert.equal(await codeOf(response), '500 internal')
    assert.equal(/SELECT|TypeError|\.ts/.test(text), false)
    assert.deepEqual(lines, [
      [
        'error',
        'Unexpected failure',
        { err: error, requestId: 'request-0', operation: 'GET /thing' },
      ],
    ])
  })

  test('of the store is a 503 that asks to come back', async () => {
    const { call, lines } = setUp(failing(new StoreUnavailableError('full', '/var/lib is full')))
    const response = await call('GET', '/thing')
    assert.equal(response.headers.get('retry-after'), '1')
    assert.equal((await response.clone().text()).includes('/var/lib'), false)
    assert.equal(await codeOf(response), '503 unavailable')
    assert.equal(lines[0]?.[1], 'The store is unavailable')
  })

  test('of a guard is no way in', async () => {
    const { call } = setUp([route({ access: 'bearer', answer: () => assert.fail('handled') })], {
      authenticate: () => Promise.reject(new StoreUnavailableError('locked', 'locked')),
    })
    assert.equal((await call('GET', '/thing')).status, 503)
  })

  test('of the audit is no way in either', async () => {
    const { call } = setUp([route({ access: { role: 'admin' }, answer: () => assert.fail('x') })], {
      authenticate: async () => ({ principal }),
      audit: { record: () => Promise.reject(new StoreUnavailableError('full', 'full')) },
    })
    assert.equal((await call('GET', '/thing')).status, 503)
  })

  test('is none when the client went away: nobody is there to answer', async () => {
    const { call, lines } = setUp(failing(new RequestAbortedError()))
    await call('GET', '/thing')
    assert.deepEqual(
      lines.map(([level, message]) => [level, message]),
      [['debug', 'The client went away']],
    )
  })
})
