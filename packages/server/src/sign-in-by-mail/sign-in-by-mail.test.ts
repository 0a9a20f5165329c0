import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { readSignedIn, startTestServer, testPassword } from '../countersign.fixture.ts'
import { createTestMailbox, tokenOf } from '../mail/mailbox.fixture.ts'
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
  const proof = { body: { token: await mailbox.takeToken(ada), password: testPassword } }
  assert.equal((await server.call('POST /api/auth/email/verify', proof)).status, 204)
  const request = async (email = ada) => {
    const answer = await server.call('POST /api/auth/code', { body: { email } })
    assert.equal(answer.status, 202)
    return String(answer.body['challenge'])
  }
  const takeMail = async () => {
    const mail = await mailbox.take(ada)
    return { code: /^\d{6}$/m.exec(mail.text)?.[0] ?? assert.fail(), link: tokenOf(mail) }
  }
  const withCode = (challenge: string, code: string) =>
    server.call('POST /api/auth/code/verify', { body: { challenge, code, delivery: 'body' } })
  const withLink = (token: string) =>
    server.call('POST /api/auth/link/verify', { body: { token, delivery: 'body' } })
  return { server, mailbox, request, takeMail, withCode, withLink }
}

const wrong = (code: string): string => (code === '000000' ? '111111' : '000000')

describe('a log-in by mail', () => {
  test('takes the code, once, and says that it was the mailbox', async (t) => {
    const { request, takeMail, withCode } = await setUp(t)
    const challenge = await request()
    const { code } = await takeMail()
    const answers = await Promise.all(Array.from({ length: 4 }, () => withCode(challenge, code)))
    const good = answers.filter(({ status }) => status === 200)
    assert.equal(good.length, 1)
    const { accessToken } = readSignedIn(good[0] ?? assert.fail())
    const { amr, acr } = readClaims(accessToken)
    assert.deepEqual([amr, acr], [['email'], 'sfa'])
  })

  test('takes the link instead, and then the code is spent, too', async (t) => {
    const { request, takeMail, withCode, withLink } = await setUp(t)
    const challenge = await request()
    const { code, link } = await takeMail()
    assert.equal((await withLink(link)).status, 200)
    assert.equal((await withLink(link)).status, 400)
    assert.equal((await withCode(challenge, code)).status, 400)
  })

  test('takes no code of another request, and none that a newer one replaced', async (t) => {
    const { request, takeMail, withCode, withLink } = await setUp(t)
    const first = await request()
    const older = await takeMail()
    const second = await request()
    const newer = await takeMail()
    assert.equal((await withCode(first, newer.code)).status, 400)
    assert.equal((await withCode(first, older.code)).status, 400)
    assert.equal((await withLink(older.link)).status, 400)
    assert.equal((await withCode(second, newer.code)).status, 200)
  })

  test('ends after ten minutes, and with a password change', async (t) => {
    const { server, request, takeMail, withCode } = await setUp(t)
    const late = await request()
    const { code } = await takeMail()
    server.clock.advance(600_000)
    assert.equal((await withCode(late, code)).status, 400)
    const challenge = await request()
    const next = await takeMail()
    const { userId } = await server.signIn('ada')
    await server.auth.accounts.setPassword(userId, 'another horse battery staple')
    assert.equal((await withCode(challenge, next.code)).status, 400)
  })

  test('dies after five wrong codes, also for the right one', async (t) => {
    const { server, request, takeMail, withCode } = await setUp(t)
    const challenge = await request()
    const { code } = await takeMail()
    server.takeEvents()
    for (let count = 0; count < 5; count++) {
      assert.equal((await withCode(challenge, wrong(code))).status, 400)
    }
    assert.equal((await withCode(challenge, code)).status, 400)
    assert.deepEqual(
      server.takeEvents().map(({ type, detail }) => [type, detail['reason']]),
      Array.from({ length: 6 }, () => ['sign_in.failed', 'wrong_code']),
    )
  })

  test('counts wrong codes over all requests: another code buys no more tries', async (t) => {
    const { request, takeMail, withCode } = await setUp(t)
    const statuses: number[] = []
    for (let count = 0; count < 4; count++) {
      const challenge = await request()
      const { code } = await takeMail()
      for (let tries = 0; tries < 3; tries++) {
        statuses.push((await withCode(challenge, wrong(code))).status)
      }
    }
    assert.deepEqual(statuses, [...Array.from({ length: 10 }, () => 400), 429, 429])
  })

  test('goes on with the link, whatever strangers guess', async (t) => {
    const { request, takeMail, withCode, withLink } = await setUp(t)
    const stranger = await request()
    await takeMail()
    const challenge = await request()
    const { code, link } = await takeMail()
    for (let count = 0; count < 10; count++) {
      assert.equal((await withCode(stranger, wrong(code))).status, 400)
    }
    assert.equal((await withCode(challenge, code)).status, 429)
    assert.equal((await withLink(link)).status, 200)
    assert.equal((await withLink(link)).status, 400)
  })

  test('answers alike for an address that nobody has, at every step', async (t) => {
    const { request, takeMail, withCode, mailbox } = await setUp(t)
    const known = await request()
    const { code } = await takeMail()
    const unknown = await request('nobody@example.org')
    assert.equal(known.length > 40 && unknown.length > 40, true)
    const answers = [await withCode(known, wrong(code)), await withCode(unknown, wrong(code))]
    const [first, second] = answers.map(({ status, body: { requestId: _id, ...body } }) => ({
      status,
      body,
    }))
    assert.deepEqual(first, second)
    await request()
    await takeMail()
    assert.deepEqual(mailbox.messages, [])
  })

  test('is of no use to a disabled account', async (t) => {
    const { server, mailbox, request, takeMail, withCode, withLink } = await setUp(t)
    const challenge = await request()
    const { code, link } = await takeMail()
    const { userId } = await server.signIn('ada')
    await server.auth.accounts.setDisabled(userId, true)
    assert.equal((await withCode(challenge, code)).status, 400)
    assert.equal((await withLink(link)).status, 400)
    await request()
    // What was asked for later has arrived, so what came before was looked at.
    const body = { username: 'bob', password: testPassword, email: 'bob@example.org' }
    await server.call('POST /api/auth/register', { body })
    await mailbox.take('bob@example.org')
    assert.deepEqual(mailbox.messages, [])
  })

  test('is not there when it is switched off', async (t) => {
    const server = await startTestServer(t, { signInByMail: 'off' })
    const answer = await server.call('POST /api/auth/code', { body: { email: ada } })
    assert.equal(answer.status, 404)
  })
})
