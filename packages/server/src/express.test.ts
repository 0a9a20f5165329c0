import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import { describe, test } from 'node:test'
import express from 'express'
import type { Countersign } from './create-countersign.ts'
import { expressGuards } from './express.ts'
import { StoreUnavailableError } from './foundation/store-failure.ts'
import { bearer, logIn, openLibrary, password, serveSite, signUp } from './library.fixture.ts'

describe('the routes in Express', () => {
  const parsers = {
    'with nothing before': () => [],
    'after express.json()': () => [express.json()],
    'after express.urlencoded()': () => [express.urlencoded({ extended: true })],
    'after both, twice': () => [express.json(), express.urlencoded(), express.json()],
    'after express.raw()': () => [express.raw({ type: () => true })],
    'after express.text()': () => [express.text({ type: () => true })],
  }
  for (const [name, make] of Object.entries(parsers)) {
    test(`${name}: bodies, cookies and CSRF arrive`, async (t) => {
      const auth = await openLibrary(t)
      const app = express()
      for (const parser of make()) app.use(parser)
      app.use('/api', auth.handler)
      const site = await serveSite(t, app)
      const { token, csrfToken } = await signUp(site, 'ada')
      assert.equal((await site.call('GET', '/api/users', bearer(token))).json().username, 'ada')
      const csrf = { 'x-csrf-token': csrfToken }
      assert.equal((await site.call('POST', '/api/auth/refresh')).status, 403)
      assert.equal((await site.call('POST', '/api/auth/refresh', { headers: csrf })).status, 200)
      assert.equal((await site.call('POST', '/api/auth/logout', { headers: csrf })).status, 204)
    })

    test(`${name}: what is no JSON of ours is refused`, async (t) => {
      const auth = await openLibrary(t)
      const app = express()
      for (const parser of make()) app.use(parser)
      app.use('/api', auth.handler)
      const site = await serveSite(t, app)
      const send = (type: string, body: string) =>
        site.call('POST', '/api/auth/login', { body, headers: { 'content-type': type } })
      const form = await send('application/x-www-form-urlencoded', 'username=ada&password=x')
      assert.equal(form.status, 415)
      const long = JSON.stringify({ username: 'ada', password: 'x'.repeat(10_300) })
      assert.equal((await send('application/json', long)).status, 413)
      assert.equal((await send('application/json', '["ada"]')).status, 400)
      assert.equal((await send('application/json', '{"username":{"$gt":""}}')).status, 400)
    })
  }

  test('under any prefix, with discovery and health beside the API', async (t) => {
    const auth = await openLibrary(t)
    const app = express()
    app.use('/v1/identity/api', auth.handler)
    app.get('/v1/identity/api/users/of-the-host', (_request, response) => {
      response.send('host')
    })
    const site = await serveSite(t, app)
    await signUp(site, 'ada', '/v1/identity/api')
    for (const path of ['/.well-known/jwks.json', '/health/ready', '/openapi.json']) {
      assert.equal((await site.call('GET', `/v1/identity/api${path}`)).status, 200, path)
    }
    // GET /api/users/{id} is ours, so the host's route below it is not reached.
    assert.equal((await site.call('GET', '/v1/identity/api/users/of-the-host')).status, 401)
  })

  test('as Express itself, the prefix is matched without regard to case', async (t) => {
    const auth = await openLibrary(t)
    const app = express()
    app.use('/api', auth.handler)
    const site = await serveSite(t, app)
    assert.equal((await site.call('GET', '/API/users/public')).status, 200)
  })

  test('a request line that holds the whole URL finds the route of its path (RFC 9112 section 3.2.2)', async (t) => {
    const auth = await openLibrary(t)
    for (const app of [express().use('/api', auth.handler), express().use(auth.handler)]) {
      const { port } = new URL((await serveSite(t, app)).url)
      const path = 'http://localhost/api/users/public?a=1'
      const [answer] = await once(get({ host: '127.0.0.1', port, path }), 'response')
      assert.equal(answer.resume().statusCode, 200)
    }
  })

  test('inside a router that is mounted twice over', async (t) => {
    const auth = await openLibrary(t)
    const inner = express.Router()
    inner.use('/api', auth.handler)
    const app = express()
    app.use('/shop', inner)
    await signUp(await serveSite(t, app), 'ada', '/shop/api')
  })

  test('under a prefix that is not /api, the routes keep theirs', async (t) => {
    const auth = await openLibrary(t)
    const app = express()
    app.use('/identity', auth.handler)
    const site = await serveSite(t, app)
    await signUp(site, 'ada', '/identity/api')
    assert.equal((await site.call('GET', '/identity/users/public')).status, 404)
  })

  test('at the root, the host keeps its own /users', async (t) => {
    const auth = await openLibrary(t)
    const app = express()
    app.use(auth.handler)
    app.get('/users', (_request, response) => {
      response.send('host')
    })
    const site = await serveSite(t, app)
    assert.equal((await site.call('GET', '/users')).text, 'host')
    await signUp(site, 'ada')
  })

  test('what is not ours falls through to the host and its 404', async (t) => {
    const auth = await openLibrary(t)
    const app = express()
    app.use('/api', auth.handler)
    app.get('/api/products', (_request, response) => {
      response.json([])
    })
    app.use((_request, response) => {
      response.status(404).send('the host has no such page')
    })
    const site = await serveSite(t, app)
    assert.equal((await site.call('GET', '/api/products')).text, '[]')
    assert.equal((await site.call('GET', '/api/nothing')).text, 'the host has no such page')
    assert.equal((await site.call('GET', '/api')).text, 'the host has no such page')
  })
})

describe('the address of a caller in Express', () => {
  const forwarded = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' }
  const cases = [
    { name: 'nobody is trusted', trust: false, proxies: 0, ip: '127.0.0.1' },
    { name: 'the host trusts one proxy', trust: 1, proxies: 0, ip: '198.51.100.7' },
    { name: 'the host trusts two proxies', trust: 2, proxies: 0, ip: '203.0.113.9' },
    { name: 'we trust one proxy', trust: false, proxies: 1, ip: '198.51.100.7' },
    { name: 'both trust one proxy', trust: 1, proxies: 1, ip: '198.51.100.7' },
  ]
  for (const { name, trust, proxies, ip } of cases) {
    test(`${name}: ${ip}`, async (t) => {
      const ips: (string | null)[] = []
      const auth = await openLibrary(t, {
        trustedProxies: proxies,
        onEvent: (event) => void ips.push(event.ip),
      })
      const app = express().set('trust proxy', trust).use('/api', auth.handler)
      const site = await serveSite(t, app)
      const body = { username: 'ada', password }
      await site.call('POST', '/api/auth/register', { body, headers: forwarded })
      assert.deepEqual(ips, [ip])
    })
  }
})

describe('the guards', () => {
  test('requireAuth lets a user pass and tells the host who it is', async (t) => {
    const { site } = await guarded(t)
    const { token } = await signUp(site, 'ada')
    const user = (await site.call('GET', '/own', bearer(token))).json()
    assert.equal(user.username, 'ada')
    assert.equal(user.role, 'user')
    assert.deepEqual(user.roles, ['user'])
    assert.equal(user.userId, user.claims.sub)
    assert.equal(user.sessionId, user.claims.sid)
  })

  test('requireAuth answers everybody else with a 401 and a challenge', async (t) => {
    const { site } = await guarded(t)
    const without = await site.call('GET', '/own')
    assert.equal(without.status, 401)
    assert.equal(without.json().message, 'No token provided')
    assert.equal(without.headers.get('www-authenticate'), 'Bearer')
    assert.equal(without.headers.get('cache-control'), 'no-store')
    const forged = await site.call('GET', '/own', bearer('a.b.c'))
    assert.equal(forged.status, 401)
    assert.equal(forged.json().code, 'invalid_token')
    assert.equal(forged.headers.get('www-authenticate'), 'Bearer error="invalid_token"')
  })

  test('requireRole answers 401 without a user, 403 with another role', async (t) => {
    const { site, auth } = await guarded(t)
    assert.equal((await site.call('GET', '/reports')).json().message, 'Unauthorized')
    const { token } = await signUp(site, 'ada')
    const refused = await site.call('GET', '/reports', bearer(token))
    assert.equal(refused.status, 403)
    assert.equal(refused.json().message, 'Insufficient permissions')
    await auth.accounts.create({ username: 'root', password, role: 'admin' })
    const admin = await logIn(site, 'root')
    assert.equal((await site.call('GET', '/reports', bearer(admin.token))).status, 200)
    assert.equal((await site.call('GET', '/both', bearer(admin.token))).status, 200)
  })

  test('a change of role and a disabling count at the next request', async (t) => {
    const { site, auth } = await guarded(t)
    await auth.accounts.create({ username: 'root', password, role: 'admin' })
    const ada = await auth.accounts.create({ username: 'ada', password, role: 'admin' })
    assert.ok(ada.ok)
    const before = await logIn(site, 'ada')
    assert.equal((await site.call('GET', '/reports', bearer(before.token))).status, 200)
    await auth.accounts.setRole(ada.account.id, 'user')
    assert.equal((await site.call('GET', '/reports', bearer(before.token))).status, 401)
    const after = await logIn(site, 'ada')
    assert.equal((await site.call('GET', '/reports', bearer(after.token))).status, 403)
    await auth.accounts.setDisabled(ada.account.id, true)
    assert.equal((await site.call('GET', '/own', bearer(after.token))).status, 401)
  })

  test('a user whom the host put on the request does not open a role by itself', async (t) => {
    const auth = await openLibrary(t)
    const { requireRole } = expressGuards(auth)
    const app = express()
    // A body parser or another middleware of the host that merges what callers send.
    app.use((request, _response, next) => {
      Object.assign(request, { user: { role: 'admin' } })
      next()
    })
    app.get('/reports', requireRole('admin'), (_request, response) => {
      response.send('reports')
    })
    const site = await serveSite(t, app)
    assert.equal((await site.call('GET', '/reports')).status, 401)
  })

  test('a database that cannot answer is a 503, never an open door', async (t) => {
    const settings = { roles: ['user', 'admin'] } as unknown as Countersign['settings']
    const { requireAuth } = expressGuards({
      settings,
      authenticate: async () => {
        throw new StoreUnavailableError('locked', 'The database is locked.')
      },
    })
    const app = express().get('/own', requireAuth, (_request, response) => {
      response.send('open')
    })
    const answer = await (await serveSite(t, app)).call('GET', '/own', bearer('x'))
    assert.equal(answer.status, 503)
    assert.equal(answer.headers.get('retry-after'), '1')
    assert.equal(answer.json().code, 'unavailable')
  })

  test('a role that is not configured is a mistake at start', async (t) => {
    const auth = await openLibrary(t, { roles: ['customer', 'clerk', 'admin'] })
    const { requireRole } = expressGuards(auth)
    assert.throws(() => requireRole('clark'), /requireRole names clark: .* customer, clerk, admin/)
    assert.throws(() => requireRole(), /names no role/)
    assert.equal(typeof requireRole('clerk', 'admin'), 'function')
  })
})

async function guarded(t: Parameters<typeof openLibrary>[0]) {
  const auth = await openLibrary(t)
  const { requireAuth, requireRole } = expressGuards(auth)
  const app = express()
  app.use('/api', auth.handler)
  app.get('/own', requireAuth, (request, response) => {
    response.json(request.user)
  })
  app.get('/reports', requireRole('admin'), (_request, response) => {
    response.json([])
  })
  app.get('/both', requireAuth, requireRole('admin', 'user'), (_request, response) => {
    response.json([])
  })
  return { auth, site: await serveSite(t, app) }
}
