import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { bearer, logIn, type Site, signUp } from '../../packages/server/src/library.fixture.ts'
import { openShop, type Shop } from './shop.fixture.ts'

const hosts = [
  { name: 'the shop', script: 'server.ts', mount: '' },
  { name: 'the shop within a larger host', script: 'larger-host.fixture.ts', mount: '/shop' },
]

for (const { name, script, mount } of hosts) {
  const order = (site: Site, token: string | undefined, body: object) =>
    site.call('POST', `${mount}/orders`, { body, ...(token !== undefined && bearer(token)) })
  const ordersOf = (site: Site, token: string) => site.call('GET', `${mount}/orders`, bearer(token))

  describe(name, () => {
    let shop: Shop
    before(async () => {
      shop = await openShop(script)
    })
    after(() => shop.dispose())

    const enter = async (username: string) => {
      const site = shop.visit()
      return { site, ...(await signUp(site, username, `${mount}/api`)) }
    }
    test('shows its catalogue to everybody', async () => {
      const site = shop.visit()
      const { products } = (await site.call('GET', `${mount}/catalogue`)).json()
      assert.equal(products.length, 3)
      assert.equal((await site.call('GET', `${mount}/catalogue/lamp`)).json().cents, 4900)
      assert.equal((await site.call('GET', `${mount}/catalogue/boat`)).status, 404)
    })

    test('takes orders of users, and shows each user only their own', async () => {
      const ada = await enter('ada')
      const bob = await enter('bob')
      const stranger = shop.visit()
      const refused = await stranger.call('GET', `${mount}/orders`)
      assert.equal(refused.json().message, 'No token provided')
      assert.equal((await order(stranger, undefined, { productId: 'lamp' })).status, 401)
      const placed = await order(ada.site, ada.token, { productId: 'lamp', quantity: 2 })
      assert.equal(placed.status, 201)
      assert.equal(placed.json().cents, 9800)
      const profile = await ada.site.call('GET', `${mount}/api/users`, bearer(ada.token))
      assert.equal(placed.json().userId, profile.json().id)
      assert.equal((await order(ada.site, ada.token, { productId: 'boat' })).status, 400)
      assert.equal((await ordersOf(ada.site, ada.token)).json().orders.length, 1)
      assert.equal((await ordersOf(bob.site, bob.token)).json().orders.length, 0)
    })

    test('opens shipping to a clerk and reports to the administrator, from the moment of promotion', async () => {
      const cleo = await enter('cleo')
      const dan = await enter('dan')
      const rootSite = shop.visit()
      const root = await logIn(rootSite, 'root', `${mount}/api`)
      const placed = (await order(cleo.site, cleo.token, { productId: 'rug' })).json()
      const ship = (token: string) =>
        dan.site.call('POST', `${mount}/shipping/${placed.id}`, bearer(token))
      assert.equal((await ship(dan.token)).status, 403)

      const { id } = (await dan.site.call('GET', `${mount}/api/users`, bearer(dan.token))).json()
      const promotion = { body: { role: 'clerk' }, ...bearer(root.token) }
      const promoted = await rootSite.call('PATCH', `${mount}/api/users/${id}`, promotion)
      assert.equal(promoted.json().role, 'clerk')
      assert.equal((await ship(dan.token)).status, 401, 'a token of the old role is dead')
      const clerk = await logIn(dan.site, 'dan', `${mount}/api`)
      assert.equal((await ship(clerk.token)).status, 204)
      assert.equal((await ordersOf(cleo.site, cleo.token)).json().orders[0].shipped, true)

      const report = (token?: string) =>
        shop.visit().call('GET', `${mount}/reports/sales`, token === undefined ? {} : bearer(token))
      assert.equal((await report()).status, 401)
      assert.equal((await report(clerk.token)).status, 403)
      assert.equal((await report(root.token)).json().sales.rug, 24_500)
    })

    test('goes on with a refreshed token, and stops with the log-out', async () => {
      const { site, token, csrfToken } = await enter('eve')
      const headers = { 'x-csrf-token': csrfToken }
      const refreshed = await site.call('POST', `${mount}/api/auth/refresh`, { headers })
      assert.equal(refreshed.status, 200)
      assert.equal((await ordersOf(site, refreshed.json().token)).status, 200)
      assert.equal((await site.call('POST', `${mount}/api/auth/logout`, { headers })).status, 204)
      assert.equal((await ordersOf(site, refreshed.json().token)).status, 401)
      assert.equal((await ordersOf(site, token)).status, 401)
    })

    test('keeps its own 404 and its own error handler', async () => {
      const { site, token } = await enter('fay')
      const lost = await site.call('GET', `${mount}/api/nothing`)
      assert.deepEqual(lost.json(), { message: 'Resource not found' })
      const headers = { ...bearer(token).headers, 'content-type': 'application/json' }
      const broken = await site.call('POST', `${mount}/orders`, { body: '{"productId":', headers })
      assert.equal(broken.status, 400)
      assert.match(broken.json().message, /JSON/)
    })

    test('serves the documentation beside the API', async () => {
      const site = shop.visit()
      const document = await site.call('GET', `${mount}/api/openapi.json`)
      assert.equal(document.json().openapi, '3.1.0')
      assert.match((await site.call('GET', `${mount}/api/docs`)).text, /<title>/)
    })

    test('keeps everything over a restart, and stops when asked', async () => {
      const { site, token } = await enter('gus')
      await order(site, token, { productId: 'lamp' })
      await shop.restart()
      assert.equal((await ordersOf(site, token)).json().orders.length, 1)
      assert.equal(await shop.stop(), 0)
    })
  })
}

describe('the larger host', () => {
  let shop: Shop
  before(async () => {
    shop = await openShop('larger-host.fixture.ts')
  })
  after(() => shop.dispose())

  test('behind the proxy that it trusts, the caller is the address that the proxy saw', async () => {
    const body = { username: 'ada', password: 'a long enough phrase 7' }
    const headers = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' }
    await shop.visit().call('POST', '/shop/api/auth/register', { body, headers })
    assert.match(shop.output(), /event account\.registered from 198\.51\.100\.7/)
  })

  test('keeps a route that is named like one of ours', async () => {
    assert.match((await shop.visit().call('GET', '/users')).text, /users of its own/)
  })
})
