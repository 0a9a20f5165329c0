import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test, type TestContext } from 'node:test'
import type { CountersignOptions } from '../config/options.ts'
import {
  startTestServer,
  type TestAnswer,
  testPassword,
  type TestServer,
} from '../countersign.fixture.ts'
import { until } from '../../../../tools/until.ts'
import { createTestMailbox, tokenOf } from '../mail/mailbox.fixture.ts'

const ada = 'Ada@example.org'
const owned = 'the owner chose this one'

async function setUp(t: TestContext, options: CountersignOptions = {}) {
  const mailbox = createTestMailbox()
  const server = await startTestServer(t, {
    sendMail: mailbox.sendMail,
    rateLimitMail: '100/1h',
    rateLimitAnonymous: '1000/1h',
    ...options,
  })
  const register = (body: object) =>
    server.call('POST /api/auth/register', { body: { password: testPassword, ...body } })
  const verify = (body: object) => server.call('POST /api/auth/email/verify', { body })
  return { server, mailbox, register, verify, logIn: logInTo(server) }
}

function deviceOf({ headers }: TestAnswer): string {
  const line = headers.getSetCookie().find((cookie) => cookie.startsWith('device='))
  return line?.split(';', 1)[0] ?? assert.fail()
}

function logInTo(server: TestServer) {
  return async (username: string, password = testPassword) =>
    (await server.call('POST /api/auth/login', { body: { username, password } })).status
}

describe('an address', () => {
  test('opens nothing before it is verified, and is a way in afterwards', async (t) => {
    const { mailbox, register, verify, logIn, server } = await setUp(t)
    const { body } = await register({ username: 'ada', email: ada })
    assert.equal((body['user'] as { emailVerified: boolean }).emailVerified, false)
    assert.equal(await logIn(ada), 401)
    const token = await mailbox.takeToken(ada)
    const session = await server.signIn('ada')
    assert.equal((await verify({ token, password: testPassword })).status, 204)
    for (const name of ['ada', ada, 'ada@EXAMPLE.org']) assert.equal(await logIn(name), 200, name)
    // Whoever knows the password is the one who registered: nothing else changes.
    const profile = await server.call('GET /api/users', { token: session.accessToken })
    assert.deepEqual([profile.status, profile.body['emailVerified']], [200, true])
  })

  test('alone is enough to register with, and to log in once it is verified', async (t) => {
    const { mailbox, register, verify, logIn } = await setUp(t)
    assert.equal((await register({ email: ada })).status, 201)
    const token = await mailbox.takeToken(ada)
    assert.equal((await verify({ token, password: testPassword })).status, 204)
    assert.equal(await logIn(ada), 200)
    for (const body of [{}, { email: 'nonsense' }, { email: 'ü@example.org' }]) {
      assert.equal((await register(body)).status, 400, JSON.stringify(body))
    }
  })

  test('that a stranger registered first is its owner’s, and nothing of the stranger survives', async (t) => {
    const { server, mailbox, register, verify, logIn } = await setUp(t)
    await register({ username: 'mallory', email: ada })
    const stranger = await server.signIn('mallory')
    const token = await mailbox.takeToken(ada)
    assert.equal((await verify({ token })).status, 400, 'the mailbox alone keeps no password')
    assert.equal((await verify({ token, newPassword: owned })).status, 204)
    assert.equal(await logIn('mallory'), 401)
    const call = { token: stranger.accessToken }
    assert.equal((await server.call('GET /api/users', call)).status, 401)
    assert.equal((await server.refresh(stranger.refreshToken)).status, 401)
    assert.equal(await logIn(ada, owned), 200)
  })

  test('that was mistyped later gives whoever reads its mailbox nothing', async (t) => {
    const { server, mailbox, register, verify, logIn } = await setUp(t)
    await register({ username: 'ada' })
    const { accessToken: token } = await server.signIn('ada')
    await server.call('PUT /api/users', { token, body: { email: 'mistyped@example.org' } })
    await server.call('POST /api/auth/email/verification', { token })
    const link = await mailbox.takeToken('mistyped@example.org')
    const taken = await verify({ token: link, newPassword: owned })
    assert.equal(taken.status, 400)
    assert.equal(await logIn('ada'), 200)
    assert.equal(await logIn('mistyped@example.org', owned), 401)
    assert.equal((await verify({ token: link, password: testPassword })).status, 204)
  })

  test('that was mistyped while the mail of the registration waited is not sent what takes the account over', async (t) => {
    const mailbox = createTestMailbox()
    const tried: string[] = []
    const server = await startTestServer(t, {
      rateLimitMail: '100/1h',
      sendMail: async (message) => {
        if (tried.push(message.to) === 1) throw new Error('The mail server is away')
        await mailbox.sendMail(message)
      },
    })
    const body = { username: 'ada', email: ada, password: testPassword }
    await server.call('POST /api/auth/register', { body })
    const { accessToken: token } = await server.signIn('ada')
    const isPutOff = () => server.log.some(({ message }) => message === 'A mail could not be sent')
    await until(isPutOff, 'a mail that is put off')
    await server.call('PUT /api/users', { token, body: { email: 'mistyped@example.org' } })
    server.clock.advance(60_000)
    await server.call('POST /api/auth/email/verification', { token })
    const link = await mailbox.takeToken('mistyped@example.org')
    const attempt = { body: { token: link, newPassword: owned } }
    assert.equal((await server.call('POST /api/auth/email/verify', attempt)).status, 400)
    assert.deepEqual([tried, mailbox.messages], [[ada, 'mistyped@example.org'], []])
    assert.equal(await logInTo(server)('ada'), 200)
  })

  test('that is somebody’s already blocks nobody, tells nobody, and stays with its owner', async (t) => {
    const { mailbox, register, verify, logIn } = await setUp(t)
    await register({ username: 'ada', email: ada })
    await verify({ token: await mailbox.takeToken(ada), password: testPassword })
    const fresh = await register({ username: 'eve1', email: 'free@example.org' })
    const taken = await register({ username: 'eve2', email: ada })
    assert.deepEqual(Object.keys(taken.body), Object.keys(fresh.body))
    assert.deepEqual([taken.status, fresh.status], [201, 201])
    const told = await mailbox.take(ada)
    assert.match(told.subject, /already have/)
    assert.ok(!told.text.includes('#'), 'it holds no token')
    assert.equal(await logIn(ada), 200)
  })

  test('that a stranger gave loses the second factors that the stranger added, and its devices', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'countersign-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const databaseUrl = `sqlite:${join(directory, 'x.db')}`
    const { server, mailbox, register, verify, logIn } = await setUp(t, { databaseUrl })
    const { body } = await register({ username: 'mallory', email: ada })
    const { id } = body['user'] as { id: string }
    const login = { body: { username: 'mallory', password: testPassword } }
    const cookie = deviceOf(await server.call('POST /api/auth/login', login))
    const database = new DatabaseSync(join(directory, 'x.db'))
    database.exec(
      `INSERT INTO factors VALUES ('f', '${id}', 'totp', '', 0, NULL, 'known to mallory', 0, 0, NULL)`,
    )
    database.close()
    assert.equal((await server.call('POST /api/auth/login', login)).body['code'], 'mfa_required')
    const token = await mailbox.takeToken(ada)
    assert.equal((await verify({ token, newPassword: owned })).status, 204)
    assert.equal(await logIn(ada, owned), 200)
    // Of the attempts that strangers have, one is left, and mallory's browser is a stranger.
    for (let count = 0; count < 9; count++) assert.equal(await logIn(ada, 'wrong'), 401)
    const guess = { body: { username: ada, password: 'wrong' }, headers: { cookie } }
    assert.equal((await server.call('POST /api/auth/login', guess)).status, 401)
    assert.equal((await server.call('POST /api/auth/login', guess)).status, 429)
    // Nor are they asked for when the owner forgets the password.
    await server.call('POST /api/auth/password/forgot', { body: { email: ada } })
    let mail = await mailbox.take(ada)
    while (!mail.text.includes('#')) mail = await mailbox.take(ada)
    const reset = { token: tokenOf(mail), newPassword: testPassword }
    const answer = await server.call('POST /api/auth/password/reset', { body: reset })
    assert.equal(answer.status, 204)
  })

  test('is verified by no link from before a password change', async (t) => {
    const { server, mailbox, register, verify } = await setUp(t)
    await register({ username: 'ada', email: ada })
    const token = await mailbox.takeToken(ada)
    const { accessToken } = await server.signIn('ada')
    const body = { currentPassword: testPassword, newPassword: owned }
    await server.call('POST /api/auth/password', { token: accessToken, body })
    for (const proof of [{ password: owned }, { newPassword: 'yet another long password' }]) {
      assert.equal((await verify({ token, ...proof })).body['code'], 'invalid_code')
    }
  })

  test('is not verified by a password that was being checked while the owner ended every session', async (t) => {
    const { server, mailbox, register, verify, logIn } = await setUp(t)
    await register({ username: 'ada', email: ada })
    const token = await mailbox.takeToken(ada)
    const { accessToken } = await server.signIn('ada')
    // They keep those who hash, so that the check has to wait.
    const crowd = Array.from({ length: 10 }, (_, turn) => logIn(`nobody${turn}`))
    const verified = verify({ token, password: testPassword })
    const ended = await server.call('POST /api/auth/logout-all', { token: accessToken })
    assert.equal(ended.status, 204)
    assert.equal((await verified).body['code'], 'invalid_code')
    await Promise.all(crowd)
    assert.equal(await logIn(ada), 401)
  })

  test('is not verified with two answers to the question who made the account', async (t) => {
    const { mailbox, register, verify, logIn } = await setUp(t)
    await register({ username: 'ada', email: ada })
    const token = await mailbox.takeToken(ada)
    const both = await verify({ token, password: testPassword, newPassword: owned })
    assert.equal(both.status, 400)
    assert.deepEqual([await logIn('ada'), await logIn(ada)], [200, 401])
  })

  test('may be named by as many registrations as its mailbox may get mails, whoever makes them', async (t) => {
    const { server, mailbox, register } = await setUp(t, {
      rateLimitMail: '3/1h',
      rateLimitRegister: '1000/1h',
      trustedProxies: 1,
    })
    const statuses: number[] = []
    for (let count = 0; count < 6; count++) {
      const body = { username: `user${count}`, email: ada, password: testPassword }
      const headers = { 'x-forwarded-for': `198.51.100.${count}` }
      statuses.push((await server.call('POST /api/auth/register', { body, headers })).status)
    }
    assert.deepEqual(statuses, [201, 201, 201, 429, 429, 429])
    for (let count = 0; count < 3; count++) await mailbox.take(ada)
    const forgot = await server.call('POST /api/auth/password/forgot', { body: { email: ada } })
    assert.equal(forgot.status, 429)
    assert.equal((await register({ username: 'bob', email: 'bob@example.org' })).status, 201)
    assert.equal((await register({ username: 'eve' })).status, 201)
    assert.equal(server.events.filter(({ type }) => type === 'account.registered').length, 5)
    await mailbox.take('bob@example.org')
    assert.deepEqual(mailbox.messages, [])
  })

  test('goes to the first of those who prove it', async (t) => {
    const { mailbox, register, verify } = await setUp(t)
    await register({ username: 'one', email: ada })
    const first = await mailbox.takeToken(ada)
    await register({ username: 'two', email: ada })
    const second = await mailbox.takeToken(ada)
    assert.equal((await verify({ token: second, password: testPassword })).status, 204)
    const late = await verify({ token: first, password: testPassword })
    assert.deepEqual([late.status, late.body['code']], [409, 'email_taken'])
  })

  test('is not verified by a link to another, nor by one that is used or old', async (t) => {
    const { server, mailbox, register, verify } = await setUp(t)
    await register({ username: 'ada', email: ada })
    const token = await mailbox.takeToken(ada)
    const { accessToken } = await server.signIn('ada')
    const change = { token: accessToken, body: { email: 'other@example.org' } }
    assert.equal((await server.call('PUT /api/users', change)).status, 200)
    assert.equal((await verify({ token, password: testPassword })).status, 400)
    await server.call('POST /api/auth/email/verification', { token: accessToken })
    const other = await mailbox.takeToken('other@example.org')
    assert.equal((await verify({ token: other, password: 'a wrong password' })).status, 400)
    assert.equal((await verify({ token: other, password: testPassword })).status, 204)
    assert.equal((await verify({ token: other, password: testPassword })).status, 400)
    const later = await server.call('POST /api/auth/email/verification', { token: accessToken })
    assert.equal(later.status, 202)
  })

  test('that is verified cannot be changed by whoever holds an access token for a moment', async (t) => {
    const { server, mailbox, register, verify } = await setUp(t)
    await register({ username: 'ada', email: ada })
    await verify({ token: await mailbox.takeToken(ada), password: testPassword })
    const { accessToken: token } = await server.signIn('ada')
    for (const email of ['eve@example.org', null]) {
      assert.equal((await server.call('PUT /api/users', { token, body: { email } })).status, 400)
    }
    assert.equal((await server.call('PUT /api/users', { token, body: { email: ada } })).status, 200)
  })

  test('that is verified stays so when a whole profile is sent back, and opens no way round', async (t) => {
    const { server, mailbox, register, verify } = await setUp(t)
    await register({ username: 'ada', email: ada })
    await verify({ token: await mailbox.takeToken(ada), password: testPassword })
    const { accessToken: token } = await server.signIn('ada')
    const same = { token, body: { username: 'ada', email: ada } }
    const sent = await server.call('PUT /api/users', same)
    assert.deepEqual([sent.status, sent.body['emailVerified']], [200, true])
    const other = { token, body: { email: 'eve@example.org' } }
    assert.equal((await server.call('PUT /api/users', other)).status, 400)
  })

  test('and a name share their attempts: nobody has twice as many', async (t) => {
    const { mailbox, register, verify, logIn } = await setUp(t)
    await register({ username: 'ada', email: ada })
    await verify({ token: await mailbox.takeToken(ada), password: testPassword })
    for (let count = 0; count < 5; count++) {
      assert.equal(await logIn('ada', 'wrong'), 401)
      assert.equal(await logIn(ada, 'wrong'), 401)
    }
    assert.equal(await logIn(ada), 429)
    assert.equal(await logIn('ada'), 429)
  })
})
