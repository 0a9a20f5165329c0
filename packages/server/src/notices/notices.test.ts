import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { CountersignOptions } from '../config/options.ts'
import { startTestServer, testPassword } from '../countersign.fixture.ts'
import { createTestMailbox } from '../mail/mailbox.fixture.ts'
import { createAuthenticator } from '../passkeys/authenticator.fixture.ts'
import { createPasskeyCalls } from '../passkeys/passkey-people.fixture.ts'

const ada = 'ada@example.org'
const newPassword = 'another horse battery staple'

async function setUp(t: TestContext, options: CountersignOptions = {}) {
  const mailbox = createTestMailbox()
  const { sendMail } = mailbox
  const server = await startTestServer(t, { sendMail, rateLimitAnonymous: '1000/1h', ...options })
  const body = { username: 'ada', password: testPassword, email: ada }
  await server.call('POST /api/auth/register', { body })
  const proof = { body: { token: await mailbox.takeToken(ada), password: testPassword } }
  assert.equal((await server.call('POST /api/auth/email/verify', proof)).status, 204)
  const logIn = (userAgent: string, password = testPassword) =>
    server.call('POST /api/auth/login', {
      body: { username: 'ada', password, delivery: 'body' },
      headers: { 'user-agent': userAgent },
    })
  return { server, mailbox, logIn }
}

describe('the owner of an account is told', () => {
  test('of a log-in from a new device, and not of the first or of a known one', async (t) => {
    const { mailbox, logIn } = await setUp(t)
    await logIn('phone')
    await logIn('phone')
    await logIn('laptop <script> https://evil.example')
    const mail = await mailbox.take(ada)
    assert.match(mail.subject, /new device/)
    assert.match(mail.text, /203\.0\.113\.9, laptop$/m)
    for (const text of [mail.text, mail.html]) assert.doesNotMatch(text, /script|evil/)
    assert.deepEqual(mailbox.messages, [])
  })

  test('of a changed password', async (t) => {
    const { server, mailbox } = await setUp(t)
    const { accessToken: token } = await server.signIn('ada')
    const body = { currentPassword: testPassword, newPassword }
    assert.equal((await server.call('POST /api/auth/password', { token, body })).status, 200)
    assert.match((await mailbox.take(ada)).subject, /password was changed/)
  })

  test('of a password that somebody else set', async (t) => {
    const { server, mailbox } = await setUp(t)
    const account = await server.auth.accounts.find('ada')
    await server.auth.accounts.setPassword(account?.id ?? '', newPassword)
    const mail = await mailbox.take(ada)
    assert.match(mail.subject, /password was changed/)
    assert.match(mail.text, /^From: the service itself/m)
  })

  test('of a second factor that is added, and of one that is removed', async (t) => {
    const { server, mailbox } = await setUp(t)
    const { accessToken: token } = await server.signIn('ada')
    const { status, body } = await server.call('POST /api/auth/mfa/factors/email', { token })
    assert.equal(status, 200)
    assert.match((await mailbox.take(ada)).subject, /second factor was added/)
    const { id } = body['factor'] as { id: string }
    const wish = { token: String(body['token']) }
    assert.equal((await server.call(`DELETE /api/auth/mfa/factors/${id}`, wish)).status, 200)
    assert.match((await mailbox.take(ada)).subject, /second factor was removed/)
  })

  test('of a reset password', async (t) => {
    const { server, mailbox } = await setUp(t)
    await server.call('POST /api/auth/password/forgot', { body: { email: ada } })
    const body = { token: await mailbox.takeToken(ada), newPassword }
    assert.equal((await server.call('POST /api/auth/password/reset', { body })).status, 204)
    assert.match((await mailbox.take(ada)).subject, /password was reset/)
  })

  test('of a stolen refresh token', async (t) => {
    const { server, mailbox } = await setUp(t)
    const { refreshToken } = await server.signIn('ada')
    const { body } = await server.refresh(refreshToken)
    await server.refresh(String(body['refreshToken']))
    server.clock.advance(60_000)
    assert.equal((await server.refresh(refreshToken)).status, 401)
    assert.match((await mailbox.take(ada)).subject, /copy of your session/)
  })

  test('of a passkey whose counter went back', async (t) => {
    const { server, mailbox } = await setUp(t)
    const { accessToken: token } = await server.signIn('ada')
    const key = createAuthenticator()
    const passkeys = createPasskeyCalls(server)
    assert.equal((await passkeys.register(token, key)).status, 200)
    assert.match((await mailbox.take(ada)).subject, /second factor was added/)
    assert.equal((await passkeys.signIn(key, { counter: 1 })).status, 401)
    assert.match((await mailbox.take(ada)).subject, /copy of your passkey/)
  })

  test('of too many failed attempts, once', async (t) => {
    const { mailbox, logIn } = await setUp(t)
    for (let count = 0; count < 13; count++) await logIn('phone', 'wrong')
    assert.match((await mailbox.take(ada)).subject, /Too many attempts/)
    assert.deepEqual(mailbox.messages, [])
  })

  test('of too many failed attempts once a day, from however many addresses they come', async (t) => {
    const { server, mailbox } = await setUp(t, { trustedProxies: 1, rateLimitLogin: '1/15m' })
    const attack = async (): Promise<void> => {
      for (let at = 0; at < 40; at++) {
        const body = { username: 'ada', password: 'wrong' }
        const headers = { 'x-forwarded-for': `198.51.100.${at >> 1}` }
        await server.call('POST /api/auth/login', { body, headers })
      }
    }
    await attack()
    server.clock.advance(3_600_000)
    await attack()
    assert.equal(server.events.filter(({ type }) => type === 'limit.exceeded').length, 40)
    const mail = await mailbox.take(ada)
    assert.match(mail.text, /198\.51\.100\.0/)
    server.clock.advance(86_400_000)
    await attack()
    await mailbox.take(ada)
    assert.deepEqual(mailbox.messages, [])
  })

  test('of the end of the account', async (t) => {
    const { server, mailbox } = await setUp(t)
    const { accessToken: token } = await server.signIn('ada')
    assert.equal((await server.call('DELETE /api/auth/account', { token })).status, 204)
    assert.match((await mailbox.take(ada)).subject, /was deleted/)
    assert.equal((await server.call('GET /api/users', { token })).status, 401)
  })

  test('nothing of an address that was never verified', async (t) => {
    const { server, mailbox } = await setUp(t)
    const body = { username: 'bob', password: testPassword, email: 'bob@example.org' }
    await server.call('POST /api/auth/register', { body })
    await mailbox.take('bob@example.org')
    const { accessToken: token } = await server.signIn('bob')
    const change = { currentPassword: testPassword, newPassword }
    await server.call('POST /api/auth/password', { token, body: change })
    // What was asked for later has arrived, so what came before was looked at.
    await server.call('POST /api/auth/password/forgot', { body: { email: ada } })
    await mailbox.take(ada)
    assert.deepEqual(mailbox.messages, [])
  })
})

describe('the end of an account', () => {
  test('needs a recent log-in, and the last administrator stays', async (t) => {
    const server = await startTestServer(t)
    await server.open('root', 'admin')
    const session = await server.signIn('root')
    const last = await server.call('DELETE /api/auth/account', { token: session.accessToken })
    assert.deepEqual([last.status, last.body['code']], [409, 'last_admin'])
    server.clock.advance(16 * 60_000)
    const { body } = await server.refresh(session.refreshToken)
    const stale = await server.call('DELETE /api/auth/account', {
      token: String(body['accessToken']),
    })
    assert.equal(stale.body['code'], 'insufficient_user_authentication')
  })
})

describe('security events', () => {
  test('are those of one’s own account, the latest first, without where others sat', async (t) => {
    const { server, logIn } = await setUp(t)
    await server.open('bob')
    await server.open('root', 'admin')
    // Events of one moment have no order.
    const later = async <T>(act: () => Promise<T>): Promise<T> => {
      server.clock.advance(1_000)
      return act()
    }
    await later(() => logIn('phone', 'wrong'))
    await later(() => logIn('phone'))
    const { accessToken: token, userId } = await later(() => server.signIn('ada'))
    await later(() => server.signIn('bob'))
    const root = await server.signIn('root')
    const change = { token: root.accessToken, body: { role: 'admin' } }
    await later(() => server.call(`PATCH /api/users/${userId}`, change))
    const { accessToken } = await later(() => server.signIn('ada'))
    const answer = await server.call('GET /api/auth/events?limit=4', { token: accessToken })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    const events = answer.body['events'] as { type: string; ip: string | null; byYou: boolean }[]
    assert.deepEqual(
      events.map(({ type, ip, byYou }) => [type, ip, byYou]),
      [
        ['sign_in.succeeded', '203.0.113.9', true],
        ['account.role_changed', null, false],
        ['sign_in.succeeded', '203.0.113.9', true],
        ['sign_in.succeeded', '203.0.113.9', true],
      ],
    )
    assert.equal((await server.call('GET /api/auth/events', { token })).status, 401)
    const other = await server.call('GET /api/auth/events?limit=0', { token: accessToken })
    assert.equal(other.status, 400)
  })
})
