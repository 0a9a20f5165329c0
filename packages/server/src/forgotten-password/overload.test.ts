// A recovery that finds no room to hash the new password: it answers 503, and nothing that it needs again is used up.

import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { describe, test, type TestContext } from 'node:test'
import {
  startTestServer,
  type TestAnswer,
  testPassword,
  type TestServer,
} from '../countersign.fixture.ts'
import { createTestMailbox } from '../mail/mailbox.fixture.ts'
import { holdHashes } from '../passwords/held-hashes.fixture.ts'
import { hashesAtOnce } from '../passwords/hashes-at-once.ts'
import { codeOf } from '../totp/authenticator.fixture.ts'
import { enroll, outcome } from '../totp/people.fixture.ts'

const ada = 'ada@example.org'
const fresh = 'new@example.org'
const newPassword = 'another horse battery staple'

async function setUp(t: TestContext) {
  const mailbox = createTestMailbox()
  const server = await startTestServer(t, {
    sendMail: mailbox.sendMail,
    rateLimitMail: '100/1h',
    rateLimitAnonymous: '1000/1h',
    rateLimitLogin: '2/15m',
  })
  const body = { username: 'ada', password: testPassword, email: ada }
  await server.call('POST /api/auth/register', { body })
  const proof = { token: await mailbox.takeToken(ada), password: testPassword }
  await server.call('POST /api/auth/email/verify', { body: proof })
  const { accessToken } = await server.signIn('ada')
  const { answer, secret } = await enroll(server, { token: accessToken })
  // Factors of one millisecond are in no order, and the app's code was used.
  server.clock.advance(30_000)
  const wish = { token: String(answer.body['token']) }
  const made = await server.call('POST /api/auth/mfa/recovery-codes', wish)
  assert.equal(made.status, 200, JSON.stringify(made.body))
  const [recoveryCode = ''] = made.body['recoveryCodes'] as string[]
  const token = String(made.body['token'])
  // The notices of two factors.
  for (let count = 0; count < 2; count++) await mailbox.take(ada)
  return { server, mailbox, token, recoveryCode, secret }
}

type Stage = Awaited<ReturnType<typeof setUp>>

async function takeResetLink({ server, mailbox }: Stage) {
  await server.call('POST /api/auth/password/forgot', { body: { email: ada } })
  const mail = await mailbox.takeToken(ada)
  return { route: 'POST /api/auth/password/reset', body: { token: mail, newPassword } }
}

async function takeUndoLink({ server, mailbox, token }: Stage) {
  await server.call('POST /api/auth/email', { token, body: { email: fresh } })
  const change = { token: await mailbox.takeToken(fresh) }
  assert.equal((await server.call('POST /api/auth/email/confirm', { body: change })).status, 204)
  const mail = await mailbox.takeToken(ada)
  return { route: 'POST /api/auth/email/undo', body: { token: mail, newPassword } }
}

/** Calls while every place to hash is taken, and ends the patience of whoever waits for one. */
async function callWithoutRoom(
  t: TestContext,
  server: TestServer,
  calls: readonly (() => Promise<TestAnswer>)[],
): Promise<readonly TestAnswer[]> {
  const waiting = async () =>
    Number(/^countersign_password_hashes_waiting (\d+)$/m.exec(await server.auth.metrics())?.[1])
  const release = holdHashes(t)
  const others = Array.from({ length: hashesAtOnce() }, (_, turn) =>
    server.auth.accounts.create({ username: `other${turn}`, password: testPassword }),
  )
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const answers: TestAnswer[] = []
  for (const call of calls) {
    const answer = call()
    let isAnswered = false
    void answer.finally(() => {
      isAnswered = true
    })
    while (!isAnswered && (await waiting()) === 0) await setImmediate()
    t.mock.timers.tick(2_000)
    answers.push(await answer)
  }
  t.mock.timers.reset()
  await release()
  await Promise.all(others)
  return answers
}

const links = { 'a forgotten password': takeResetLink, 'an undone address': takeUndoLink }
const factors: Readonly<Record<string, (stage: Stage) => { factor: string; code: string }>> = {
  'an app’s code': ({ server, secret }) => ({
    factor: 'totp',
    code: codeOf(secret, server.clock()),
  }),
  'a recovery code': ({ recoveryCode: code }) => ({ factor: 'recovery', code }),
}

for (const [name, takeLink] of Object.entries(links)) {
  describe(`${name} without room to hash`, () => {
    for (const [kind, present] of Object.entries(factors)) {
      test(`keeps its link and ${kind}, and it was no try`, async (t) => {
        const stage = await setUp(t)
        const { server } = stage
        const { route, body } = await takeLink(stage)
        const whole = { body: { ...body, ...present(stage) } }
        server.takeEvents()
        // More than may be tried.
        const busy = await callWithoutRoom(
          t,
          server,
          Array.from({ length: 4 }, () => () => server.call(route, whole)),
        )
        assert.deepEqual(
          busy.map(outcome),
          Array.from({ length: 4 }, () => '503 busy'),
        )
        assert.equal(busy[0]?.headers.get('retry-after'), '2')
        assert.deepEqual(
          server.takeEvents().filter(({ type }) => type !== 'account.created'),
          [],
        )
        const answers = await Promise.all([server.call(route, whole), server.call(route, whole)])
        assert.deepEqual(answers.map(outcome).sort(), ['204', '400 invalid_code'])
        assert.equal(outcome(await server.call(route, whole)), '400 invalid_code')
      })
    }

    test('takes no place there for whoever has no good code', async (t) => {
      const stage = await setUp(t)
      const { route, body } = await takeLink(stage)
      const calls = [{}, { factor: 'recovery', code: 'wrong' }].map(
        (more) => () => stage.server.call(route, { body: { ...body, ...more } }),
      )
      const answers = await callWithoutRoom(t, stage.server, calls)
      assert.deepEqual(answers.map(outcome), ['401 mfa_required', '400 invalid_code'])
    })
  })
}
