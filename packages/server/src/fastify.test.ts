import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import { countersignRoutes } from './fastify.ts'
import { bearer, createSite, openLibrary, signUp } from './library.fixture.ts'

test('mounted in Fastify, every cookie of an answer has a line of its own', async (t) => {
  const auth = await openLibrary(t)
  const app = Fastify()
  await app.register(countersignRoutes(auth), { prefix: '/api' })
  t.after(() => app.close())
  const site = createSite(await app.listen({ port: 0, host: '127.0.0.1' }), fetch)
  const { token } = await signUp(site, 'ada')
  assert.equal((await site.call('GET', '/api/users', bearer(token))).json().username, 'ada')
})
