import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearer, createSite, logIn, signUp } from '../../packages/server/src/library.fixture.ts'
import { until } from '../../tools/until.ts'
import { type Landscape, openLandscape, type Service } from './microservices.fixture.ts'

const price = '/prices/lamp'

function post(service: Service, path: string, token: string, body: unknown) {
  return createSite(service.url, fetch).call('POST', path, { body, ...bearer(token) })
}

async function statuses({ catalogue, orders }: Landscape, token: string): Promise<number[]> {
  const answers = [await catalogue.call(price, token), await orders.call('/orders', token)]
  return answers.map(({ status }) => status)
}

/** Refused because it is revoked: its own end is a quarter of an hour away. */
async function untilRefusedByBoth(landscape: Landscape, token: string): Promise<void> {
  await until(
    async () => (await statuses(landscape, token)).every((status) => status === 401),
    'a refusal by both services',
  )
  const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  assert.ok(exp * 1000 > Date.now() + 600_000, 'it would have lived on')
}

async function logOut(landscape: Landscape, token: string): Promise<void> {
  const answer = await landscape.visit().call('POST', '/api/auth/logout-all', bearer(token))
  assert.equal(answer.status, 204, answer.text)
}

async function states({ health }: Service): Promise<string> {
  const { keys, revocations } = await health()
  return `keys ${keys.state}, revocations ${revocations?.state}`
}

test('two services know users and roles of a third process, and hear of a promotion', async (t) => {
  const landscape = await openLandscape(t)
  const { catalogue, orders } = landscape
  assert.equal((await catalogue.call('/products')).status, 200)
  assert.equal((await catalogue.call(price)).status, 401)
  assert.equal((await orders.call('/orders')).status, 401)

  const ada = landscape.visit()
  const { token } = await signUp(ada, 'ada')
  const placed = await post(orders, '/orders', token, { product: 'lamp' })
  assert.equal(placed.status, 201, placed.text)
  assert.equal(placed.json().cents, 4900, 'the catalogue took the same token')
  const { id } = (await ada.call('GET', '/api/users', bearer(token))).json()
  assert.equal(placed.json().userId, id)
  assert.equal((await orders.call('/orders/all', token)).status, 403)
  const setPrice = (bearerToken: string) =>
    createSite(catalogue.url, fetch).call('PUT', price, {
      body: { cents: 5100 },
      ...bearer(bearerToken),
    })
  assert.equal((await setPrice(token)).status, 403)

  const root = await logIn(landscape.visit(), 'root')
  assert.equal((await orders.call('/orders/all', root.token)).json().orders.length, 1)
  const promotion = { body: { role: 'clerk' }, ...bearer(root.token) }
  assert.equal((await landscape.visit().call('PATCH', `/api/users/${id}`, promotion)).status, 200)
  await untilRefusedByBoth(landscape, token)
  const clerk = await logIn(ada, 'ada')
  assert.equal((await setPrice(clerk.token)).status, 204)
  assert.equal((await orders.call('/orders/all', clerk.token)).status, 403)
})

test('a log-out is heard at both, through a cut in the middle of the stream and over a restart', async (t) => {
  const landscape = await openLandscape(t)
  const { network, catalogue, orders, visit } = landscape
  const site = visit()
  const bystander = await signUp(visit(), 'bob')
  const { token, csrfToken } = await signUp(site, 'ada')
  assert.deepEqual(await statuses(landscape, token), [200, 200])
  const headers = { 'x-csrf-token': csrfToken }
  assert.equal((await site.call('POST', '/api/auth/logout', { headers })).status, 204)
  await untilRefusedByBoth(landscape, token)

  await t.test('when what was said of it is lost with the connection', async () => {
    const second = await logIn(visit(), 'ada')
    assert.deepEqual(await statuses(landscape, second.token), [200, 200])
    network.mode = 'hold'
    await logOut(landscape, second.token)
    network.cut()
    network.mode = 'pass'
    await untilRefusedByBoth(landscape, second.token)
  })

  await t.test('when streams end in the middle of an event', async () => {
    const third = await logIn(visit(), 'ada')
    assert.deepEqual(await statuses(landscape, third.token), [200, 200])
    const cuts = network.cutOn('text/event-stream', 'halfway', 4)
    network.cut()
    await until(() => cuts.count() >= 2, 'both to open a stream again')
    await logOut(landscape, third.token)
    await untilRefusedByBoth(landscape, third.token)
    await until(() => cuts.count() === 4, 'all cuts')
  })

  await t.test('when it happened while a service was away', async () => {
    const fourth = await logIn(visit(), 'ada')
    assert.deepEqual(await statuses(landscape, fourth.token), [200, 200])
    assert.equal(await catalogue.stop(), 0)
    assert.equal(await orders.stop(), 0)
    await logOut(landscape, fourth.token)
    await catalogue.restart()
    await orders.restart()
    assert.deepEqual(await statuses(landscape, fourth.token), [401, 401], 'from the first request')
  })
  assert.deepEqual(await statuses(landscape, bystander.token), [200, 200])
})

test('when the issuer is away, old keys serve, and past the bound each service does what it was told', async (t) => {
  const impatient = { STALE_AFTER_SECONDS: '10', MAX_KEY_AGE_SECONDS: '1' }
  const landscape = await openLandscape(t, {
    catalogue: { ...impatient, ON_STALE: 'refuse' },
    orders: { ...impatient, ON_STALE: 'accept-until-expiry' },
  })
  const { issuer, catalogue, orders, visit } = landscape
  const { token } = await signUp(visit(), 'ada')
  const revoked = await signUp(visit(), 'bob')
  await logOut(landscape, revoked.token)
  await untilRefusedByBoth(landscape, revoked.token)

  assert.equal(await issuer.stop(), 0)
  const staleKeys = 'keys stale, revocations current'
  for (const service of [catalogue, orders]) {
    await until(async () => (await states(service)) === staleKeys, 'keys beyond their time')
  }
  // Neither has seen this token before, so its signature is held against the old keys.
  assert.deepEqual(await statuses(landscape, token), [200, 200])

  const allStale = 'keys stale, revocations stale'
  for (const service of [catalogue, orders]) {
    await until(async () => (await states(service)) === allStale, 'revocations beyond the bound')
  }
  const refused = await catalogue.call(price, token)
  assert.deepEqual([refused.status, refused.json().code], [503, 'unavailable'])
  assert.equal((await orders.call('/orders', token)).status, 200)
  assert.deepEqual(await statuses(landscape, revoked.token), [401, 401], 'what is known stays')

  await issuer.restart()
  await until(async () => (await catalogue.call(price, token)).status === 200, 'the issuer')
  await logOut(landscape, token)
  await untilRefusedByBoth(landscape, token)
})

test('a service that hears of no revocations any more asks about each token, if it was told to', async (t) => {
  const asking = { STALE_AFTER_SECONDS: '10', ON_STALE: 'introspect' }
  const landscape = await openLandscape(t, { catalogue: asking, orders: asking })
  const { gateway, network, catalogue, orders, visit } = landscape
  const { token } = await signUp(visit(), 'ada')
  const other = await signUp(visit(), 'bob')
  assert.deepEqual(await statuses(landscape, token), [200, 200])
  assert.deepEqual(await statuses(landscape, other.token), [200, 200])
  assert.equal(gateway.introspections(), 0, 'nobody is asked about a token while all is well')

  gateway.refused.add('/api/auth/revocations')
  network.cut()
  for (const { health } of [catalogue, orders]) {
    await until(async () => (await health()).revocations?.state === 'stale', 'the bound to pass')
  }
  await logOut(landscape, other.token)
  assert.deepEqual(await statuses(landscape, token), [200, 200])
  assert.deepEqual(await statuses(landscape, other.token), [401, 401], 'as soon as it is revoked')
  assert.equal(gateway.introspections(), 4, 'each service asked about each token')

  await t.test('and grants nothing when nobody answers', async () => {
    gateway.refused.add('/api/auth/introspect')
    assert.deepEqual(await statuses(landscape, token), [503, 503])
  })

  gateway.refused.clear()
  for (const { health } of [catalogue, orders]) {
    await until(async () => (await health()).revocations?.state === 'current', 'the feed')
  }
  const asked = gateway.introspections()
  assert.deepEqual(await statuses(landscape, token), [200, 200])
  assert.deepEqual(await statuses(landscape, other.token), [401, 401])
  assert.equal(gateway.introspections(), asked)
})
