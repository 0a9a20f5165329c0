// More passwords than the machine can hash: whoever waited for too long is told to come back, and loses nothing.

import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, test, type TestContext } from 'node:test'
import {
  startTestServer,
  type TestAnswer,
  testPassword,
  type TestServer,
  type Wish,
} from '../countersign.fixture.ts'

const generous = {
  rateLimitLogin: '1000/1h',
  rateLimitRegister: '1000/1h',
  rateLimitAnonymous: '10000/1h',
  rateLimitUser: '10000/1h',
} as const
// Enough that some wait, however many cores there are: cores + 1 hash at once.
const crowd = availableParallelism() + 30

/** Sends all of them at once, and ends the patience of those who wait as soon as anybody does. */
async function overload(
  t: TestContext,
  server: TestServer,
  calls: readonly (readonly [route: string, wish: Wish])[],
): Promise<TestAnswer[]> {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const answers = Promise.all(calls.map(([route, wish]) => server.call(route, wish)))
  while (!(await isAnybodyWaiting(server))) await new Promise(setImmediate)
  t.mock.timers.tick(2_000)
  const done = await answers
  t.mock.timers.reset()
  return done
}

async function isAnybodyWaiting(server: TestServer): Promise<boolean> {
  const metrics = await server.auth.metrics()
  return !metrics.includes('\ncountersign_password_hashes_waiting 0\n')
}

function assertBusy(answers: readonly TestAnswer[]): void {
  const busy = answers.filter(({ status }) => status === 503)
  assert.ok(busy.length > 0 && busy.length < answers.length)
  for (const { body, headers } of busy) {
    assert.equal(body['code'], 'busy')
    assert.equal(headers.get('retry-after'), '2')
    assert.equal(headers.get('set-cookie'), null)
  }
}

describe('when too many passwords wait', () => {
  test('log-ins are told to come back, are no failures, and count as no attempts', async (t) => {
    const server = await startTestServer(t, { ...generous, rateLimitLogin: `${crowd}/1h` })
    await server.open('ada')
    server.takeEvents()
    const body = { username: 'ada', password: 'a wrong password' }
    const login = ['POST /api/auth/login', { body }] as const
    const answers = await overload(
      t,
      server,
      Array.from({ length: crowd }, () => login),
    )
    assertBusy(answers)
    const failed = answers.filter(({ status }) => status === 401).length
    const events = server.takeEvents().map(({ type }) => type)
    assert.deepEqual(
      events,
      Array.from({ length: failed }, () => 'sign_in.failed'),
    )
    // As many attempts are left as found no room.
    for (let left = crowd - failed; left > 0; left -= 10) {
      const some = Array.from({ length: Math.min(left, 10) }, () => server.call(...login))
      for (const { status } of await Promise.all(some)) assert.equal(status, 401)
    }
    assert.equal((await server.call(...login)).status, 429)
  })

  test('registrations are told to come back, and the names are free', async (t) => {
    const server = await startTestServer(t, { ...generous, rateLimitRegister: `${crowd}/1h` })
    const calls = Array.from({ length: crowd }, (_, index) => {
      const body = { username: `user${index}`, password: testPassword }
      return ['POST /api/auth/register', { body }] as const
    })
    const answers = await overload(t, server, calls)
    assertBusy(answers)
    const refused = calls.filter((_, index) => answers[index]?.status === 503)
    assert.equal((await server.auth.accounts.list({ limit: 500 })).length, crowd - refused.length)
    const [first] = refused
    assert.equal((await server.call(...(first ?? assert.fail()))).status, 201)
  })

  test('password changes are told to come back, and the old password is good', async (t) => {
    const server = await startTestServer(t, generous)
    await server.open('ada')
    const { accessToken: token } = await server.signIn('ada')
    const body = { currentPassword: 'a wrong password', newPassword: 'another horse battery' }
    const change = ['POST /api/auth/password', { token, body }] as const
    const answers = await overload(
      t,
      server,
      Array.from({ length: crowd }, () => change),
    )
    assertBusy(answers)
    await server.signIn('ada')
  })
})
