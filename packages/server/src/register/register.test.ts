import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer, testPassword } from '../countersign.fixture.ts'

test('a registration that finds its name taken counts like any other: nobody tries out who is here', async (t) => {
  const server = await startTestServer(t, { rateLimitRegister: '3/1h' })
  await server.open('ada')
  const register = async (username: string): Promise<unknown> => {
    const wish = { body: { username, password: testPassword } }
    const { status, body } = await server.call('POST /api/auth/register', wish)
    return body['code'] ?? status
  }
  for (const name of ['ada', 'ADA', 'ada']) assert.equal(await register(name), 'username_taken')
  for (const name of ['ada', 'bob']) assert.equal(await register(name), 'too_many_requests')
  server.clock.advance(3_600_000)
  assert.equal(await register('bob'), 201)
})
