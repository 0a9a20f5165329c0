import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { startTestServer, testPassword } from '../countersign.fixture.ts'
import { createTestMailbox } from '../mail/mailbox.fixture.ts'

const minute = 60_000
const ada = 'ada@example.org'
const newPassword = 'another horse battery staple'

async function setUp(t: TestContext) {
  const mailbox = createTestMailbox()
  const server = await startTestServer(t, {
    sendMail: mailbox.sendMail,
    rateLimitMail: '100/1h',
    rateLimitAnonymous: '1000/1h',
  })
  const register = async (username: string, email: string) => {
    const body = { username, password: testPassword, email }
    const { status } = await server.call('POST /api/auth/register', { body })
    assert.equal(status, 201)
    return mailbox.takeToken(email)
  }
  const verify = (token: string) =>
    server.call('POST /api/auth/email/verify', { body: { token, password: testPassword } })
  const forgot = (email: string) =>
    server.call('POST /api/auth/password/forgot', { body: { email } })
  const reset = (token: string, password = newPassword) =>
    server.call('POST /api/auth/password/reset', { body: { token, newPassword: password } })
  assert.equal((await verify(await register('ada', ada))).status, 204)
  const askFor = async (email = ada) => {
    assert.equal((await forgot(email)).status, 202)
    return mailbox.takeToken(email)
  }
  const logIn = (username: string, password: string) =>
    server.call('POST /api/auth/login', { body: { username, password } })
  return { server, mailbox, register, verify, forgot, reset, askFor, logIn }
}

describe('a forgotten password', () => {
  test('is replaced with the link of a mail, which ends every session and begins none', async (t) => {
    const { server, reset, askFor, logIn } = await setUp(t)
    const session = await server.signIn('ada')
    const answer = await reset(await askFor())
    const cookies = answer.headers.getSetCookie().map((line) => line.split('=', 1)[0])
    assert.deepEqual([answer.status, cookies], [204, ['device']])
    assert.equal((await server.call('GET /api/users', { token: session.accessToken })).status, 401)
    assert.equal((await server.refresh(session.refreshToken)).status, 401)
    assert.equal((await logIn('ada', testPassword)).status, 401)
    assert.equal((await logIn('ada', newPassword)).status, 200)
    assert.equal((await logIn(ada, newPassword)).status, 200)
  })

  test('answers alike for known, unknown, unverified and disabled addresses, and writes to the known alone', async (t) => {
    const { server, mailbox, register, verify, forgot, askFor } = await setUp(t)
    await register('bob', 'bob@example.org')
    const registered = await register('eve', 'eve@example.org')
    assert.equal((await verify(registered)).status, 204)
    const { userId } = await server.signIn('eve')
    await server.auth.accounts.setDisabled(userId, true)
    const answers = []
    for (const email of [ada, 'bob@example.org', 'nobody@example.org', 'eve@example.org']) {
      const { status, body, headers } = await forgot(email)
      answers.push([status, body, headers.get('content-length')])
    }
    assert.deepEqual(answers[0], answers[1])
    assert.deepEqual(answers[0], answers[2])
    assert.deepEqual(answers[0], answers[3])
    // What was asked for later has arrived, so what came before was looked at.
    await mailbox.take(ada)
    await askFor()
    assert.deepEqual(mailbox.messages, [])
  })

  test('has a link that is good once, however many use it at once', async (t) => {
    const { reset, askFor, logIn } = await setUp(t)
    const token = await askFor()
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, turn) => reset(token, `${newPassword} ${turn}`)),
    )
    assert.equal(answers.filter(({ status }) => status === 400).length, 4)
    const winner = answers.findIndex(({ status }) => status === 204)
    assert.equal((await logIn('ada', `${newPassword} ${winner}`)).status, 200)
    assert.equal((await reset(token)).body['code'], 'invalid_code')
  })

  test('has a link that ends after half an hour, and with every password change', async (t) => {
    const { server, reset, askFor } = await setUp(t)
    const late = await askFor()
    server.clock.advance(30 * minute)
    assert.equal((await reset(late)).status, 400)
    const first = await askFor()
    const second = await askFor()
    assert.equal((await reset(second)).status, 204)
    assert.equal((await reset(first)).status, 400)
  })

  test('has a link that ends when the account has another address: the old mailbox may be another’s', async (t) => {
    const { server, mailbox, reset, askFor } = await setUp(t)
    const token = await askFor()
    const fresh = 'new@example.org'
    const { accessToken } = await server.signIn('ada')
    await server.call('POST /api/auth/email', { token: accessToken, body: { email: fresh } })
    const body = { token: await mailbox.takeToken(fresh) }
    assert.equal((await server.call('POST /api/auth/email/confirm', { body })).status, 204)
    assert.equal((await reset(token)).body['code'], 'invalid_code')
  })

  test('keeps its link when the new password is refused', async (t) => {
    const { reset, askFor } = await setUp(t)
    const token = await askFor()
    assert.equal((await reset(token, 'short')).body['code'], 'weak_password')
    assert.equal((await reset(token)).status, 204)
  })

  test('takes no link of another kind, and none that was made up', async (t) => {
    const { register, reset } = await setUp(t)
    for (const token of [await register('bob', 'bob@example.org'), 'x', 'A'.repeat(200)]) {
      assert.equal((await reset(token)).body['code'], 'invalid_code')
    }
  })

  test('is of no use to an account that was disabled or deleted since', async (t) => {
    const { server, reset, askFor } = await setUp(t)
    const token = await askFor()
    const { userId } = await server.signIn('ada')
    await server.auth.accounts.setDisabled(userId, true)
    assert.equal((await reset(token)).status, 400)
    await server.auth.accounts.setDisabled(userId, false)
    assert.equal((await reset(token)).status, 400, 'the epoch has moved')
    const again = await askFor()
    await server.auth.accounts.delete(userId)
    assert.equal((await reset(again)).status, 400)
  })

  test('writes to the address that was verified, in links that no header reaches', async (t) => {
    const { server, mailbox } = await setUp(t)
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil.example',
      origin: 'http://localhost:3000',
    }
    const body = { email: 'ADA@EXAMPLE.ORG' }
    const answer = await server.call('POST /api/auth/password/forgot', { body, headers })
    assert.equal(answer.status, 202)
    const mail = await mailbox.take(ada)
    assert.match(mail.text, /^http:\/\/localhost:3000\/account\/reset-password#\S+$/m)
    assert.ok(!JSON.stringify(mail).includes('evil'))
  })

  test('refuses what is not one mailbox', async (t) => {
    const { forgot } = await setUp(t)
    for (const email of [
      'ada',
      'ada@example.org\nBcc: eve@example.org',
      `${ada},eve@example.org`,
    ]) {
      assert.equal((await forgot(email)).status, 400, email)
    }
  })

  test('floods no mailbox, known or not, whoever asks, and nobody asks for as many as he likes', async (t) => {
    const mailbox = createTestMailbox()
    const { sendMail } = mailbox
    const server = await startTestServer(t, { sendMail, rateLimitMail: '3/1h', trustedProxies: 1 })
    const askFrom = async (ip: string, email: string): Promise<number> => {
      const wish = { body: { email }, headers: { 'x-forwarded-for': ip } }
      return (await server.call('POST /api/auth/password/forgot', wish)).status
    }
    for (let at = 0; at < 3; at++) {
      assert.equal(await askFrom(`198.51.100.${at}`, 'a@example.org'), 202)
    }
    assert.equal(await askFrom('198.51.100.9', 'A@EXAMPLE.ORG'), 429)
    for (let at = 0; at < 3; at++) {
      assert.equal(await askFrom('192.0.2.1', `b${at}@example.org`), 202)
    }
    assert.equal(await askFrom('192.0.2.1', 'c@example.org'), 429)
    assert.equal(await askFrom('192.0.2.2', 'c@example.org'), 202)
    server.clock.advance(3_600_000)
    assert.equal(await askFrom('192.0.2.1', 'a@example.org'), 202)
  })
})
