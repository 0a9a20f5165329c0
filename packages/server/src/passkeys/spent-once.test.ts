// A challenge of a passkey and its answer are good once: twenty that bring them at once, by turns to two instances, on
// every database. What decides is the store's, and each has a way of its own.

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { startTestServer, type TestAnswer, testPassword } from '../countersign.fixture.ts'
import { createTestMailbox } from '../mail/mailbox.fixture.ts'
import { testOnEveryDatabase } from '../stores/every-database.fixture.ts'
import { createAuthenticator } from './authenticator.fixture.ts'
import { createPasskeyCalls } from './passkey-people.fixture.ts'

const times = 20
const email = 'ada@example.org'

async function setUp(t: TestContext, databaseUrl: string) {
  const mailbox = createTestMailbox()
  const options = {
    databaseUrl,
    secret: 'a-secret-that-is-long-enough-for-tests',
    sendMail: mailbox.sendMail,
    // The database's own.
    clock: Object.assign(() => Date.now(), { advance: () => undefined, set: () => undefined }),
    rateLimitAnonymous: '10000/1h',
    rateLimitUser: '10000/1h',
    rateLimitLogin: '1000/1h',
    rateLimitMail: '100/1h',
  }
  const servers = [await startTestServer(t, options), await startTestServer(t, options)] as const
  const [one] = servers
  const body = { username: 'ada', password: testPassword, email }
  assert.equal((await one.call('POST /api/auth/register', { body })).status, 201)
  const proof = { token: await mailbox.takeToken(email), password: testPassword }
  assert.equal((await one.call('POST /api/auth/email/verify', { body: proof })).status, 204)
  const { accessToken } = await one.signIn('ada')
  const call = async (route: string, wish: object = {}) => {
    const answer = await one.call(route, wish)
    assert.ok(answer.status < 300, `${route}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  /** How the twenty end; `wishOf` makes what each brings. */
  const race = async (route: string, wishOf: (turn: number) => object): Promise<string> => {
    const wishes = Array.from({ length: times }, (_, turn) => wishOf(turn))
    const answers = await Promise.all(
      wishes.map((wish, turn) => (servers[turn % 2] ?? one).call(route, wish)),
    )
    return describeAnswers(answers)
  }
  const calls = createPasskeyCalls(one)
  const key = createAuthenticator()
  return { ...calls, mailbox, one, accessToken, call, race, key }
}

/** "1 × 200, 19 × 400 invalid_code". */
function describeAnswers(answers: readonly TestAnswer[]): string {
  const counts = new Map<string, number>()
  for (const { status, body } of answers) {
    const name = typeof body['code'] === 'string' ? `${status} ${body['code']}` : `${status}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts]
    .map(([name, count]) => `${count} × ${name}`)
    .toSorted()
    .join(', ')
}

const signIn = (response: unknown) => ({ body: { response, delivery: 'body' } })

const sentence = 'of twenty that bring a passkey’s answer to two instances at once, one is let in'

await testOnEveryDatabase(sentence, async (t, { url }) => {
  const stage = await setUp(t, url)
  const { key, race, call, mailbox, accessToken: first } = stage

  const creation = key.create(await stage.creationOptions(first))
  const made = await race('POST /api/auth/passkeys/register', () => ({
    token: first,
    body: { response: creation, name: 'Phone' },
  }))
  // Those that come after it find its session's token dead, or the challenge spent.
  assert.match(made, /^1 × 200\b|, 1 × 200\b/)

  // The whole log-in: the same answer, then twenty answers to one challenge, then the first again.
  const options = await stage.signInOptions()
  const response = key.get(options)
  const route = 'POST /api/auth/passkeys/login'
  const expected = '1 × 200, 19 × 401 invalid_credentials'
  assert.equal(await race(route, () => signIn(response)), expected)
  assert.equal(await race(route, () => signIn(response)), '20 × 401 invalid_credentials')
  const another = await stage.signInOptions()
  assert.equal(await race(route, () => signIn(key.get(another))), expected)

  // The second factor of one log-in, and of many that wait.
  const begin = async () => {
    const body = { username: 'ada', password: testPassword, delivery: 'body' }
    const { body: waiting } = await stage.one.call('POST /api/auth/login', { body })
    const asked = await call('POST /api/auth/mfa/passkey/options', {
      body: { mfaToken: waiting['mfaToken'] },
    })
    return { mfaToken: waiting['mfaToken'], asked }
  }
  const waiting = [await begin(), await begin()]
  const proof = key.get(waiting[0]?.asked ?? {})
  assert.equal(
    await race('POST /api/auth/mfa/passkey', (turn) => ({
      body: { mfaToken: waiting[turn % 4 < 2 ? 0 : 1]?.mfaToken, response: proof },
    })),
    '1 × 200, 19 × 400 invalid_code',
  )

  // The reset of a password.
  await call('POST /api/auth/password/forgot', { body: { email } })
  const token = await takeReset(mailbox)
  const body = { token, newPassword: 'another horse battery staple' }
  const refused = await stage.one.call('POST /api/auth/password/reset', { body })
  const recovery = key.get(refused.body['passkey'] as Record<string, unknown>)
  assert.equal(
    await race('POST /api/auth/password/reset', () => ({
      body: { ...body, factor: 'passkey', response: recovery },
    })),
    '1 × 204, 19 × 400 invalid_code',
  )
})

await testOnEveryDatabase(
  'of twenty that bring a passkey’s answer for a step-up to two instances at once, one is let in',
  async (t, { url }) => {
    const { key, race, call, register, accessToken } = await setUp(t, url)
    const { body } = await register(accessToken, key)
    const token = String(body['accessToken'])
    const options = await call('POST /api/auth/step-up/passkey/options', { token })
    const outcome = await race('POST /api/auth/step-up/passkey', () => ({
      token,
      ...signIn(key.get(options)),
    }))
    // The session of those who come late was replaced by then, and its token is dead.
    assert.match(outcome, /^1 × 200, (\d+ × 400 invalid_passkey|\d+ × 401 invalid_token|, )+$/)
  },
)

/** Past the notices of the factor and of the new device. */
async function takeReset(mailbox: ReturnType<typeof createTestMailbox>): Promise<string> {
  for (;;) {
    const { text } = await mailbox.take(email)
    const token = /reset-password#(\S+)$/m.exec(text)?.[1]
    if (token !== undefined) return token
  }
}
