import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { expressGuards } from '../express.ts'
import { fastifyGuards } from '../fastify.ts'
import { honoGuards } from '../hono.ts'
import { type NodeGuard, nodeGuards } from '../node.ts'
import { NOW_SECONDS } from '../tokens/issuer.fixture.ts'
import {
  type Application,
  describeDoor,
  guardOptions,
  send,
  tokenWith,
  verifier,
} from './door.fixture.ts'

const STRONG = { maxAge: 300, acr: ['phr', 'mfa'] }

async function listen(server: Server, handled: () => number): Promise<Application> {
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port }: AddressInfo = Object(server.address())
  return {
    port,
    handled,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

describeDoor('Express', async () => {
  const guards = expressGuards(verifier, guardOptions)
  const { requireAuth, requireRole, requireScope, requireRecentAuth } = guards
  let handled = 0
  const app = express()
  const handler: express.RequestHandler = (request, response) => {
    handled++
    response.json(request.user)
  }
  app.get('/auth', requireAuth, handler)
  app.get('/admin', requireRole('admin'), handler)
  app.get('/scoped', requireScope('orders:read', 'orders:write'), handler)
  app.get('/recent', requireRecentAuth({ maxAge: 300 }), handler)
  app.get('/strong', requireRecentAuth(STRONG), handler)
  const stacked = [requireAuth, requireRole('admin'), requireScope('orders:read')]
  app.get('/stacked', ...stacked, requireRecentAuth({ maxAge: 300 }), handler)
  return listen(createServer(app), () => handled)
})

describeDoor('Fastify', async () => {
  const guards = fastifyGuards(verifier, guardOptions)
  const { requireAuth, requireRole, requireScope, requireRecentAuth } = guards
  let handled = 0
  const app = fastify({ forceCloseConnections: true })
  const handler: fastify.RouteHandler = (request, reply) => {
    handled++
    return reply.send(request.user)
  }
  app.get('/auth', { onRequest: requireAuth }, handler)
  app.get('/admin', { preHandler: requireRole('admin') }, handler)
  app.get('/scoped', { onRequest: requireScope('orders:read', 'orders:write') }, handler)
  app.get('/recent', { onRequest: requireRecentAuth({ maxAge: 300 }) }, handler)
  app.get('/strong', { onRequest: requireRecentAuth(STRONG) }, handler)
  const stacked = [requireAuth, requireRole('admin'), requireScope('orders:read')]
  app.get('/stacked', { onRequest: [...stacked, requireRecentAuth({ maxAge: 300 })] }, handler)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port }: AddressInfo = Object(app.server.address())
  return { port, handled: () => handled, close: () => app.close() }
})

describeDoor('Hono', async () => {
  const guards = honoGuards(verifier, guardOptions)
  const { requireAuth, requireRole, requireScope, requireRecentAuth } = guards
  let handled = 0
  const app = new Hono()
  const answer = (user: unknown): Response => {
    handled++
    return Response.json(user)
  }
  app.get('/auth', requireAuth, (c) => answer(c.var.user))
  app.get('/admin', requireRole('admin'), (c) => answer(c.var.user))
  app.get('/scoped', requireScope('orders:read', 'orders:write'), (c) => answer(c.var.user))
  app.get('/recent', requireRecentAuth({ maxAge: 300 }), (c) => answer(c.var.user))
  app.get('/strong', requireRecentAuth(STRONG), (c) => answer(c.var.user))
  app.get(
    '/stacked',
    requireAuth,
    requireRole('admin'),
    requireScope('orders:read'),
    requireRecentAuth({ maxAge: 300 }),
    (c) => answer(c.var.user),
  )
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
  if (!server.listening) await once(server, 'listening')
  return listen(server, () => handled)
})

describeDoor('node:http', async () => {
  const { requireAuth, requireRole, requireScope, requireRecentAuth } = nodeGuards(
    verifier,
    guardOptions,
  )
  let handled = 0
  const recent = requireRecentAuth({ maxAge: 300 })
  const routes: Record<string, NodeGuard[]> = {
    '/auth': [requireAuth],
    '/admin': [requireRole('admin')],
    '/scoped': [requireScope('orders:read', 'orders:write')],
    '/recent': [recent],
    '/strong': [requireRecentAuth(STRONG)],
    '/stacked': [requireAuth, requireRole('admin'), requireScope('orders:read'), recent],
  }
  const server = createServer((request, response) => {
    void (async () => {
      const guards = routes[request.url?.split('?')[0] ?? ''] ?? []
      let user: unknown
      for (const guard of guards) {
        user = await guard(request, response)
        if (user === undefined) return
      }
      handled++
      response.end(JSON.stringify(user))
    })()
  })
  return listen(server, () => handled)
})

describe('a form that carries a token beside the header', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
  const headers = { ...form, authorization: 'Bearer garbage' }

  test('is refused by Express where the host has parsed it before', async () => {
    const app = express()
    app.use(express.urlencoded())
    app.post('/', expressGuards(verifier).requireAuth)
    const { port, close } = await listen(createServer(app), () => 0)
    assert.equal((await send(port, '/', headers, 'access_token=x')).status, 400)
    assert.equal((await send(port, '/', headers, 'other=x')).status, 401)
    await close()
  })

  test('is refused by Fastify where the body has been read', async () => {
    const app = fastify({ forceCloseConnections: true })
    app.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string' },
      (_, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    )
    app.post('/', { preHandler: fastifyGuards(verifier).requireAuth }, () => 'never')
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port }: AddressInfo = Object(app.server.address())
    assert.equal((await send(port, '/', headers, 'access_token=x')).status, 400)
    assert.equal((await send(port, '/', headers, 'other=x')).status, 401)
    await app.close()
  })
})

const report: express.ErrorRequestHandler = (error: Error, _, response, next) => {
  if (error.message === 'broken') response.status(500).end('reported')
  else next(error)
}

function broken(): never {
  throw new Error('broken')
}

describe('a guard', () => {
  test('believes no user that somebody else has put on the request', async () => {
    const app = express()
    app.use((request, _, next) => {
      Object.assign(request, { user: { userId: 'root', roles: ['admin'] } })
      next()
    })
    app.get('/', expressGuards(verifier).requireRole('admin'), (_, response) => {
      response.end('in')
    })
    const { port, close } = await listen(createServer(app), () => 0)
    assert.equal((await send(port, '/')).status, 401)
    await close()
  })

  test('believes no user that the guard of another issuer has let pass', async (t) => {
    const app = express()
    const bearer = { authorization: 'Bearer a' }
    const admin = { userId: 'root', roles: ['admin'], claims: {} as never }
    app.use(expressGuards({ findUser: () => admin }).requireRole('admin'))
    app.get('/both', expressGuards({ findUser: () => 'invalid_token' }).requireRole('admin'))
    app.get('/', (_, response) => void response.end('in'))
    const { port, close } = await listen(createServer(app), () => 0)
    t.after(close)
    assert.equal((await send(port, '/', bearer)).status, 200)
    assert.equal((await send(port, '/both', bearer)).status, 401)
  })

  for (const [when, findUser] of [
    ['later', () => Promise.reject(new Error('broken'))],
    ['at once', broken],
  ] as const) {
    test(`hands what its source throws ${when} to the host, and lets nobody pass`, async () => {
      const app = express()
      app.get('/', expressGuards({ findUser }).requireAuth, (_, response) => {
        response.end('in')
      })
      app.use(report)
      const { port, close } = await listen(createServer(app), () => 0)
      const reply = await send(port, '/', { authorization: 'Bearer x' })
      assert.deepEqual([reply.status, reply.body], [500, 'reported'])
      await close()
    })
  }

  for (const [when, findUser] of [
    ['while it waited', () => Promise.resolve('unavailable' as const)],
    ['before', () => 'unavailable' as const],
  ] as const) {
    test(`hands it to the host when the host has answered ${when}`, async () => {
      const app = express()
      let late: unknown
      app.use((_request, response, next) => {
        response.status(504).end('too late')
        next()
      })
      app.get('/', expressGuards({ findUser }).requireAuth, (_, response) => {
        response.end('in')
      })
      const keep: express.ErrorRequestHandler = (error, _request, _response, _next) => {
        late = error.code
      }
      app.use(keep)
      const { port, close } = await listen(createServer(app), () => 0)
      const reply = await send(port, '/', { authorization: 'Bearer x' })
      assert.deepEqual([reply.status, reply.body], [504, 'too late'])
      assert.equal(late, 'ERR_HTTP_HEADERS_SENT')
      await close()
    })
  }

  const mistakes: [string, () => unknown, RegExp][] = [
    ['no role', () => expressGuards(verifier).requireRole(), /names no role/],
    ['an empty role', () => expressGuards(verifier).requireRole(''), /names no role/],
    [
      'a role that is not there',
      () => expressGuards(verifier, guardOptions).requireRole('amdin'),
      /names amdin: name at least one of the roles user, admin/,
    ],
    ['no scope', () => expressGuards(verifier).requireScope(), /requireScope needs scopes/],
    ['two scopes in one text', () => expressGuards(verifier).requireScope('a b'), /without spaces/],
    ['a scope that ends the quotes', () => expressGuards(verifier).requireScope('a"'), /quotes/],
    ['a scope with a line end', () => expressGuards(verifier).requireScope('a\nb'), /requireScope/],
    ['a negative age', () => expressGuards(verifier).requireRecentAuth({ maxAge: -1 }), /maxAge/],
    ['a broken age', () => expressGuards(verifier).requireRecentAuth({ maxAge: 0.5 }), /maxAge/],
    [
      'a class with quotes',
      () => expressGuards(verifier).requireRecentAuth({ maxAge: 1, acr: 'a"' }),
      /acr/,
    ],
  ]
  for (const [what, make, mend] of mistakes) {
    test(`is not made with ${what}`, () => {
      assert.throws(make, { name: 'TypeError', message: mend })
    })
  }

  test('refuses as not recent when the clock has no answer', async () => {
    const { requireRecentAuth } = nodeGuards(verifier, { clock: () => Number.NaN })
    const server = createServer((request, response) => {
      void requireRecentAuth({ maxAge: 300 })(request, response).then(
        (user) => user && response.end(),
      )
    })
    const { port, close } = await listen(server, () => 0)
    const token = tokenWith({ auth_time: NOW_SECONDS })
    const reply = await send(port, '/', { authorization: `Bearer ${token}` })
    assert.match(String(reply.headers['www-authenticate']), /insufficient_user_authentication/)
    await close()
  })
})
