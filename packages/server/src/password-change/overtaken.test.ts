// What was decided by a look at the account and then had to wait for a hash: whoever ended it meanwhile wins.

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, test, type TestContext } from 'node:test'
import {
  type SignedIn,
  startTestServer,
  type TestAnswer,
  testPassword,
  type TestServer,
} from '../countersign.fixture.ts'
import { holdHashes } from '../passwords/held-hashes.fixture.ts'
import { outcome } from '../totp/people.fixture.ts'

interface Stage {
  readonly server: TestServer
  readonly ada: SignedIn
  readonly elsewhere: SignedIn
  readonly root: SignedIn
}

async function setUp(t: TestContext): Promise<Stage> {
  const server = await startTestServer(t, { rateLimitAnonymous: '1000/1h' })
  await server.open('ada', 'admin')
  await server.open('root', 'admin')
  const [ada, elsewhere] = [await server.signIn('ada'), await server.signIn('ada')]
  return { server, ada, elsewhere, root: await server.signIn('root') }
}

/** Begins the call, acts while its hash waits, and lets it go on. */
async function actMeanwhile(
  t: TestContext,
  call: () => Promise<TestAnswer>,
  act: () => Promise<void>,
): Promise<TestAnswer> {
  const release = holdHashes(t)
  const answer = call()
  // Nothing but the hash is left to wait for by then.
  await sleep(50)
  await act()
  await release()
  return answer
}

async function succeed(answer: Promise<TestAnswer>): Promise<void> {
  const { status, body } = await answer
  assert.ok(status < 300, JSON.stringify(body))
}

type End = (stage: Stage) => Promise<void>

const change =
  (body: object): End =>
  ({ server, root, ada }) =>
    succeed(server.call(`PATCH /api/users/${ada.userId}`, { token: root.accessToken, body }))

const ends: Readonly<Record<string, End>> = {
  'a log-out everywhere': ({ server, elsewhere }) =>
    succeed(server.call('POST /api/auth/logout-all', { token: elsewhere.accessToken })),
  'an administrator who ends the sessions': ({ server, root, ada }) =>
    succeed(server.call(`DELETE /api/users/${ada.userId}/sessions`, { token: root.accessToken })),
  'a disabling that is taken back': async (stage) => {
    await change({ disabled: true })(stage)
    await change({ disabled: false })(stage)
  },
}

describe('a password change that waits for its hash', () => {
  for (const [name, end] of Object.entries(ends)) {
    test(`changes nothing after ${name}, and revives no session`, async (t) => {
      const stage = await setUp(t)
      const { server, ada } = stage
      const body = { currentPassword: testPassword, newPassword: 'another horse battery staple' }
      const answer = await actMeanwhile(
        t,
        () => server.call('POST /api/auth/password', { token: ada.accessToken, body }),
        () => end(stage),
      )
      assert.equal(outcome(answer), '401 invalid_token')
      assert.equal((await server.refresh(ada.refreshToken)).status, 401)
      await server.signIn('ada')
      assert.ok(server.takeEvents().every(({ type }) => type !== 'password.changed'))
    })
  }
})

describe('an account that waits for its hash', () => {
  const more: Readonly<Record<string, End>> = {
    ...ends,
    'the demotion of its administrator': change({ role: 'user' }),
    'the end of that session': ({ server, elsewhere, ada }) => {
      const path = `/api/auth/sessions/${ada.sessionId}`
      return succeed(server.call(`DELETE ${path}`, { token: elsewhere.accessToken }))
    },
  }
  for (const [name, end] of Object.entries(more)) {
    test(`is not made after ${name}`, async (t) => {
      const stage = await setUp(t)
      const { server, ada } = stage
      const body = { username: 'backdoor', password: testPassword, role: 'admin' }
      const answer = await actMeanwhile(
        t,
        () => server.call('POST /api/users', { token: ada.accessToken, body }),
        () => end(stage),
      )
      assert.equal(outcome(answer), '401 invalid_token')
      assert.equal(await server.auth.accounts.find('backdoor'), undefined)
    })
  }
})
