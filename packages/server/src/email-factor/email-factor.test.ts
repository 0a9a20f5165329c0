import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { readSignedIn, startTestServer, testPassword } from '../countersign.fixture.ts'
import { createTestMailbox } from '../mail/mailbox.fixture.ts'
import { readClaims } from '../tokens/issuer.fixture.ts'

const ada = 'ada@example.org'

async function setUp(t: TestContext) {
  const mailbox = createTestMailbox()
  const server = await startTestServer(t, {
    sendMail: mailbox.sendMail,
    rateLimitMail: '100/1h',
    rateLimitAnonymous: '1000/1h',
  })
  const body = { username: 'ada', password: testPassword, email: ada }
  await server.call('POST /api/auth/register', { body })
  const link = await mailbox.takeToken(ada)
  const { accessToken } = await server.signIn('ada')
  const add = (token = accessToken) => server.call('POST /api/auth/mfa/factors/email', { token })
  assert.equal((await add()).status, 400, 'an unverified address is no factor')
  const proof = { body: { token: link, password: testPassword } }
  assert.equal((await server.call('POST /api/auth/email/verify', proof)).status, 204)
  const added = await add()
  assert.equal(added.status, 200)
  assert.equal((await add(String(added.body['token']))).body['code'], 'factor_exists')
  await mailbox.take(ada)
  const begin = async () => {
    const login = { username: 'ada', password: testPassword, delivery: 'body' }
    const answer = await server.call('POST /api/auth/login', { body: login })
    assert.deepEqual([answer.body['code'], answer.body['factors']], ['mfa_required', ['email']])
    return String(answer.body['mfaToken'])
  }
  const send = (mfaToken: string) => server.call('POST /api/auth/mfa/email', { body: { mfaToken } })
  const take = async () => /^\d{6}$/m.exec((await mailbox.take(ada)).text)?.[0] ?? assert.fail()
  const prove = (mfaToken: string, code: string, factor = 'email') =>
    server.call('POST /api/auth/mfa', { body: { mfaToken, factor, code } })
  return { server, mailbox, begin, send, take, prove }
}

/** Another one at every turn: a guess is counted whatever was guessed. */
const wrong = (code: string, turn = 1): string =>
  `${(Number(code) + turn) % 1_000_000}`.padStart(6, '0')

describe('the mailbox as a second factor', () => {
  test('completes a log-in with the code that was sent, once', async (t) => {
    const { begin, send, take, prove } = await setUp(t)
    const mfaToken = await begin()
    assert.equal((await send(mfaToken)).status, 202)
    const code = await take()
    const answers = await Promise.all(Array.from({ length: 4 }, () => prove(mfaToken, code)))
    const good = answers.filter(({ status }) => status === 200)
    assert.equal(good.length, 1)
    const { accessToken } = readSignedIn(good[0] ?? assert.fail())
    assert.deepEqual(readClaims(accessToken)['amr'], ['pwd', 'email', 'mfa'])
    assert.equal((await prove(await begin(), code)).status, 400)
  })

  test('belongs to the log-in that had its code sent, and to no other (ASVS v5.0.0-6.6.2)', async (t) => {
    const { begin, send, take, prove } = await setUp(t)
    const [own, other] = [await begin(), await begin()]
    assert.equal((await send(own)).status, 202)
    const code = await take()
    assert.equal((await prove(other, code)).body['code'], 'invalid_code')
    assert.equal((await prove(own, code)).status, 200)
  })

  test('is asked for the password when the mailbox came first', async (t) => {
    const { server, mailbox, send, prove } = await setUp(t)
    const asked = await server.call('POST /api/auth/code', { body: { email: ada } })
    const code = /^\d{6}$/m.exec((await mailbox.take(ada)).text)?.[0]
    const body = { challenge: asked.body['challenge'], code, delivery: 'body' }
    const answer = await server.call('POST /api/auth/code/verify', { body })
    assert.deepEqual(answer.body['factors'], ['password'])
    const mfaToken = String(answer.body['mfaToken'])
    // The mailbox again would be no second factor.
    assert.equal((await send(mfaToken)).body['code'], 'invalid_mfa_token')
    assert.equal((await prove(mfaToken, 'a wrong one', 'password')).status, 400)
    assert.equal((await prove(mfaToken, testPassword, 'password')).status, 200)
  })

  test('counts wrong codes over all log-ins and codes', async (t) => {
    const { begin, send, take, prove } = await setUp(t)
    const statuses: number[] = []
    for (let round = 0; round < 4; round++) {
      const mfaToken = await begin()
      await send(mfaToken)
      const code = await take()
      for (let count = 0; count < 3; count++) {
        statuses.push((await prove(mfaToken, wrong(code, count + 1))).status)
      }
    }
    assert.deepEqual(statuses, [...Array.from({ length: 10 }, () => 400), 429, 429])
  })

  test('takes neither a code of ten minutes ago nor one that a newer one replaced', async (t) => {
    const { server, begin, send, take, prove } = await setUp(t)
    const mfaToken = await begin()
    await send(mfaToken)
    const older = await take()
    await send(mfaToken)
    const newer = await take()
    if (older !== newer) assert.equal((await prove(mfaToken, older)).status, 400)
    server.clock.advance(599_000)
    await send(await begin())
    const late = await take()
    server.clock.advance(600_000)
    assert.equal((await prove(await begin(), late)).status, 400)
  })

  test('dies after five wrong codes, also for the right one', async (t) => {
    const { begin, send, take, prove } = await setUp(t)
    const mfaToken = await begin()
    await send(mfaToken)
    const code = await take()
    for (let turn = 1; turn <= 5; turn++) {
      assert.equal((await prove(mfaToken, wrong(code, turn))).status, 400)
    }
    assert.equal((await prove(mfaToken, code)).status, 400)
  })

  test('takes no code that went to an address of before', async (t) => {
    const { server, mailbox, begin, send, take, prove } = await setUp(t)
    const first = await begin()
    await send(first)
    const { accessToken: token } = readSignedIn(await prove(first, await take()))
    const waiting = await begin()
    await send(waiting)
    const code = await take()
    const email = 'new@example.org'
    await server.call('POST /api/auth/email', { token, body: { email } })
    const link = { body: { token: await mailbox.takeToken(email) } }
    assert.equal((await server.call('POST /api/auth/email/confirm', link)).status, 204)
    assert.equal((await prove(waiting, code)).body['code'], 'invalid_code')
  })

  test('takes no code of before a password change', async (t) => {
    const { server, begin, send, take, prove } = await setUp(t)
    await send(await begin())
    const code = await take()
    const account = await server.auth.accounts.find('ada')
    assert.ok(account)
    await server.auth.accounts.setPassword(account.id, testPassword)
    assert.equal((await prove(await begin(), code)).status, 400)
  })

  test('floods nobody: codes are mails like any other', async (t) => {
    const { mailbox, begin, send } = await setUp(t)
    const mfaToken = await begin()
    for (let count = 0; count < 100; count++) await send(mfaToken)
    assert.equal((await send(mfaToken)).status, 429)
    assert.ok(mailbox.messages.length <= 100)
  })

  test('is added soon after a log-in alone', async (t) => {
    const { server, mailbox } = await setUp(t)
    const body = { username: 'bob', password: testPassword, email: 'bob@example.org' }
    await server.call('POST /api/auth/register', { body })
    const proof = { token: await mailbox.takeToken('bob@example.org'), password: testPassword }
    await server.call('POST /api/auth/email/verify', { body: proof })
    const { refreshToken } = await server.signIn('bob')
    server.clock.advance(16 * 60_000)
    const refreshed = await server.refresh(refreshToken)
    const token = String(refreshed.body['accessToken'])
    const answer = await server.call('POST /api/auth/mfa/factors/email', { token })
    assert.equal(answer.body['code'], 'insufficient_user_authentication')
  })

  test('sends nothing for a log-in that is none', async (t) => {
    const { send, mailbox } = await setUp(t)
    for (const mfaToken of ['x', 'A'.repeat(100)]) {
      assert.equal((await send(mfaToken)).body['code'], 'invalid_mfa_token')
    }
    assert.deepEqual(mailbox.messages, [])
  })
})
