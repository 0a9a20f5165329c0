import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
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

const places = {
  '/': '',
  '/api': '',
  '/api/': '',
  '/shop/api': '/shop',
  '/:tenant/api': '/acme',
  '/v1/:tenant': '/v1/acme',
}

for (const [prefix, above] of Object.entries(places)) {
  test(`mounted in Fastify at ${prefix}, the routes are there and nowhere else`, async (t) => {
    const auth = await openLibrary(t)
    const app = Fastify({ routerOptions: { ignoreDuplicateSlashes: true } })
    await app.register(countersignRoutes(auth), { prefix })
    t.after(() => app.close())
    const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
    const statusOf = async (path: string): Promise<number> => {
      const [answer] = await once(get({ host: '127.0.0.1', port, path }), 'response')
      return answer.resume().statusCode
    }
    const path = `${above}/api/users/public`
    assert.equal(await statusOf(path), 200)
    assert.equal(await statusOf(`${path}?a=/b/c`), 200)
    assert.equal(await statusOf(`http://localhost${path}`), 200)
    for (const other of [`/${path}`, `/x${path}`, `${path}/`, `${above}/users/public`]) {
      assert.equal(await statusOf(other), 404, other)
    }
  })
}

test("mounted in Fastify, the application's hooks see the URL as it came", async (t) => {
  const auth = await openLibrary(t)
  const urls: string[] = []
  const app = Fastify().addHook('onResponse', async ({ url }) => void urls.push(url))
  await app.register(countersignRoutes(auth), { prefix: '/api' })
  t.after(() => app.close())
  const site = createSite(await app.listen({ port: 0, host: '127.0.0.1' }), fetch)
  await site.call('GET', '/api/users/public?a=1')
  assert.deepEqual(urls, ['/api/users/public?a=1'])
})
