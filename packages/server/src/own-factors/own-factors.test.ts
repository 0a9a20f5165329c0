import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { outcome, personWithApp, signInWithApp, startCluster } from '../totp/people.fixture.ts'

async function setUp(t: TestContext) {
  const cluster = await startCluster(t)
  const { server } = cluster
  const { token, ...person } = await personWithApp(server, 'ada')
  const made = await server.call('POST /api/auth/mfa/recovery-codes', { token })
  const { token: foreign } = await personWithApp(server, 'eve')
  const list = async (bearer: string) => {
    const answer = await server.call('GET /api/auth/mfa/factors', { token: bearer })
    assert.equal(answer.status, 200)
    return answer.body['factors'] as Record<string, unknown>[]
  }
  const rename = (id: unknown, bearer: string, body: object) =>
    server.call(`PATCH /api/auth/mfa/factors/${String(id)}`, { token: bearer, body })
  const remove = (id: unknown, bearer: string) =>
    server.call(`DELETE /api/auth/mfa/factors/${String(id)}`, { token: bearer })
  return { ...cluster, ...person, token: String(made.body['token']), foreign, list, rename, remove }
}

describe('the list of one’s second factors', () => {
  test('says what they are, and nothing that would prove them', async (t) => {
    const { store, userId, secret, token, list } = await setUp(t)
    const [app, codes, ...more] = await list(token)
    assert.deepEqual(more, [])
    const members = ['id', 'kind', 'name', 'createdAt', 'lastUsedAt']
    assert.deepEqual(Object.keys(app ?? {}), members)
    assert.deepEqual(Object.keys(codes ?? {}), [...members, 'remaining'])
    assert.deepEqual([app?.['kind'], app?.['name']], ['totp', 'Phone'])
    assert.deepEqual([codes?.['kind'], codes?.['remaining']], ['recovery', 10])
    const text = JSON.stringify([app, codes])
    for (const factor of await store.listFactors(userId)) {
      assert.equal(text.includes(factor.secret), false)
    }
    assert.equal(text.includes(secret), false)
  })

  test('is one’s own', async (t) => {
    const { server, token, foreign, list, rename, remove } = await setUp(t)
    const ids = (await list(foreign)).map(({ id }) => id)
    for (const id of [...ids, 'x', 'email']) {
      const renamed = await rename(id, token, { name: 'Mine' })
      const removed = await remove(id, token)
      const expected = id === 'email' ? '405 method_not_allowed' : '404 not_found'
      assert.deepEqual([outcome(renamed), outcome(removed)], [expected, expected])
    }
    assert.deepEqual(
      (await list(foreign)).map(({ id, name }) => [id, name]),
      ids.map((id) => [id, 'Phone']),
    )
    assert.equal(outcome(await server.call('GET /api/auth/mfa/factors')), '401 no_token')
  })
})

describe('a second factor', () => {
  test('is named anew, without anything else changing', async (t) => {
    const { store, userId, token, list, rename } = await setUp(t)
    const before = await store.listFactors(userId)
    const [app] = await list(token)
    const answer = await rename(app?.['id'], token, { name: 'Ada’s telephone 📱' })
    assert.deepEqual([answer.status, answer.body], [200, { ...app, name: 'Ada’s telephone 📱' }])
    const after = await store.listFactors(userId)
    assert.deepEqual(after, [{ ...before[0], name: 'Ada’s telephone 📱' }, before[1]])
    // The session goes on: nothing about who may log in has changed.
    assert.equal((await list(token)).length, 2)
    for (const name of ['', 'x'.repeat(65), 'a\nb', '\u0000', '\ud800']) {
      assert.equal(outcome(await rename(app?.['id'], token, { name })), '400 invalid_request')
    }
  })

  test('is named and removed soon after a log-in alone', async (t) => {
    const { server, secret, list, rename, remove } = await setUp(t)
    const session = await signInWithApp(server, 'ada', secret)
    const [app] = await list(session.accessToken)
    server.clock.advance(15 * 60_000 - 1_000)
    assert.equal(outcome(await rename(app?.['id'], session.accessToken, { name: 'Late' })), '200')
    server.clock.advance(2_000)
    const token = String((await server.refresh(session.refreshToken)).body['token'])
    const expected = '401 insufficient_user_authentication'
    assert.equal(outcome(await rename(app?.['id'], token, { name: 'Later' })), expected)
    assert.equal(outcome(await remove(app?.['id'], token)), expected)
    assert.equal((await list(token))[0]?.['name'], 'Late')
  })
})
