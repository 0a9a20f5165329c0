import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../countersign.fixture.ts'

test('a change of the profile is an event with what changed, and no change is none', async (t) => {
  const server = await startTestServer(t)
  await server.open('ada')
  const { accessToken: token } = await server.signIn('ada')
  server.takeEvents()
  const put = async (body: object) => {
    server.clock.advance(1_000)
    assert.equal((await server.call('PUT /api/users', { token, body })).status, 200)
    return server.takeEvents().map(({ type, detail }) => [type, detail])
  }
  assert.deepEqual(await put({}), [])
  assert.deepEqual(await put({ username: 'ada', email: null }), [])
  assert.deepEqual(await put({ username: 'Ada' }), changed({ username: true, email: false }))
  assert.deepEqual(
    await put({ username: 'Ada', email: 'ada@example.org' }),
    changed({ username: false, email: true }),
  )
  assert.deepEqual(await put({ email: 'ada@example.org' }), [])
})

const changed = (detail: object) => [['account.profile_changed', detail]]
