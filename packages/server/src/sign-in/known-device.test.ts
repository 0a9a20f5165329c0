// An attack on a password slows strangers, and not the owner on a device that the account knows.

import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { CountersignOptions } from '../config/options.ts'
import {
  startTestServer,
  type TestAnswer,
  testPassword,
  type TestServer,
} from '../countersign.fixture.ts'
import { createTestMailbox, type TestMailbox } from '../mail/mailbox.fixture.ts'

const home = '203.0.113.9'
const newPassword = 'another horse battery staple'

async function setUp(t: TestContext, options: CountersignOptions = {}) {
  const mailbox = createTestMailbox()
  const server = await startTestServer(t, {
    sendMail: mailbox.sendMail,
    trustedProxies: 1,
    rateLimitAnonymous: '100000/1h',
    rateLimitLogin: '3/15m',
    rateLimitAccount: '7/1h',
    ...options,
  })
  const tryFrom = (ip: string, wish: { name?: string; password?: string; cookie?: string } = {}) =>
    server.call('POST /api/auth/login', {
      body: { username: wish.name ?? 'ada', password: wish.password ?? 'wrong' },
      headers: { 'x-forwarded-for': ip, ...(wish.cookie && { cookie: wish.cookie }) },
    })
  const logIn = async (name = 'ada', cookie?: string, ip = home) => {
    const wish = { name, password: testPassword, ...(cookie && { cookie }) }
    return deviceOf(await tryFrom(ip, wish))
  }
  return { server, mailbox, tryFrom, logIn }
}

/** Makes ada, with a verified address. @returns it */
async function openWithAddress(server: TestServer, mailbox: TestMailbox): Promise<string> {
  const email = 'ada@example.org'
  const body = { username: 'ada', password: testPassword, email }
  await server.call('POST /api/auth/register', { body })
  const proof = { body: { token: await mailbox.takeToken(email), password: testPassword } }
  assert.equal((await server.call('POST /api/auth/email/verify', proof)).status, 204)
  return email
}

/** The cookie of the device, as a browser sends it back; nothing of the session. */
function deviceOf({ status, headers, body }: TestAnswer): string {
  assert.ok(status === 200 || status === 204, JSON.stringify(body))
  const pairs = headers.getSetCookie().map((line) => line.split(';', 1)[0] ?? '')
  const device = pairs.find((pair) => pair.startsWith('device='))
  assert.ok(device, pairs.join())
  return device
}

/** Strangers use up what strangers have, from as many addresses as they like. */
async function besiege(tryFrom: (ip: string) => Promise<TestAnswer>): Promise<void> {
  for (let at = 0; at < 30; at++) await tryFrom(`198.51.100.${at}`)
  assert.equal((await tryFrom('192.0.2.1')).status, 429)
}

describe('a known device', () => {
  test('logs in while strangers are refused wherever they come from', async (t) => {
    const { server, tryFrom, logIn } = await setUp(t)
    await server.open('ada')
    const cookie = await logIn()
    const statuses: number[] = []
    for (let at = 0; at < 30; at++) statuses.push((await tryFrom(`198.51.100.${at}`)).status)
    assert.deepEqual(
      statuses.map((status) => status === 401),
      statuses.map((_, at) => at < 7),
    )
    const right = { password: testPassword }
    assert.equal((await tryFrom(home, right)).status, 429, 'without the cookie')
    assert.equal((await tryFrom(home, { ...right, cookie })).status, 200)
    assert.equal((await tryFrom('192.0.2.77', { ...right, cookie })).status, 200, 'on the road')
  })

  test('has its own attempts, exactly, however many are made at once', async (t) => {
    const { server, tryFrom, logIn } = await setUp(t)
    await server.open('ada')
    const cookie = await logIn()
    const other = await logIn()
    const tries = Array.from({ length: 20 }, (_, at) => tryFrom(`198.51.100.${at}`, { cookie }))
    const statuses = (await Promise.all(tries)).map(({ status }) => status)
    assert.equal(statuses.filter((status) => status === 401).length, 3)
    // The attempts of whoever stole the cookie are not those of strangers, nor of the owner's other devices.
    assert.equal((await tryFrom(home, { password: testPassword })).status, 200)
    assert.equal((await tryFrom(home, { password: testPassword, cookie: other })).status, 200)
    assert.equal((await tryFrom(home, { password: testPassword, cookie })).status, 429)
  })

  test('is spared the warnings of a flood: strangers are refused as one, not address by address', async (t) => {
    const { server, tryFrom } = await setUp(t)
    await server.open('ada')
    for (let at = 0; at < 7; at++) await tryFrom(`198.51.100.${at}`)
    server.takeEvents()
    for (let at = 0; at < 20; at++) {
      assert.equal((await tryFrom(`192.0.2.${at % 2}`)).status, 429)
    }
    const events = server.takeEvents().map(({ type, detail }) => [type, detail['limit']])
    assert.deepEqual(events, [['limit.exceeded', 'RATE_LIMIT_ACCOUNT']])
  })

  test('is none for another account, however it is spelt or forged', async (t) => {
    const { server, tryFrom, logIn } = await setUp(t)
    for (const name of ['ada', 'eve']) await server.open(name)
    const mine = await logIn('eve')
    await besiege(tryFrom)
    for (const cookie of [mine, 'device=x', `device=${'A'.repeat(300)}`, `${mine}; ${mine}`]) {
      const answer = await tryFrom('192.0.2.1', { cookie, password: testPassword })
      assert.equal(answer.status, 429, cookie)
    }
    // Two people on one machine are both known on it.
    const both = await logIn('eve', mine)
    assert.equal((await tryFrom('192.0.2.1', { name: 'eve', cookie: both })).status, 401)
  })

  test('of two people is known to both', async (t) => {
    const { server, tryFrom, logIn } = await setUp(t)
    for (const name of ['ada', 'eve']) await server.open(name)
    const cookie = await logIn('eve', await logIn('ada'))
    await besiege(tryFrom)
    assert.equal((await tryFrom(home, { cookie, password: testPassword })).status, 200)
  })

  test('is a stranger after every act that ends all sessions', async (t) => {
    const { server, tryFrom, logIn } = await setUp(t)
    const id = await server.open('ada')
    const acts = [
      () => server.auth.accounts.setPassword(id, testPassword),
      async () => {
        const { accessToken: token } = await server.signIn('ada')
        assert.equal((await server.call('POST /api/auth/logout-all', { token })).status, 204)
      },
      async () => {
        await server.auth.accounts.setDisabled(id, true)
        await server.auth.accounts.setDisabled(id, false)
      },
    ]
    for (const act of acts) {
      const cookie = await logIn()
      await act()
      await besiege(tryFrom)
      assert.equal((await tryFrom(home, { cookie, password: testPassword })).status, 429)
      server.clock.advance(3_600_000)
    }
  })

  test('is what a reset of the password makes of the browser that asked, and of no other', async (t) => {
    const { server, mailbox, tryFrom, logIn } = await setUp(t)
    const email = await openWithAddress(server, mailbox)
    const stolen = await logIn()
    await besiege(tryFrom)
    // The warning is written after the answer. Whichever mail came first would be taken for the link.
    await mailbox.take(email)
    await server.call('POST /api/auth/password/forgot', { body: { email } })
    const reset = { body: { token: await mailbox.takeToken(email), newPassword } }
    const cookie = deviceOf(await server.call('POST /api/auth/password/reset', reset))
    assert.equal((await tryFrom(home, { password: newPassword, cookie: stolen })).status, 429)
    assert.equal((await tryFrom(home, { password: newPassword, cookie })).status, 200)
  })

  test('is what stays when its user changes the password', async (t) => {
    const { server, tryFrom, logIn } = await setUp(t)
    await server.open('ada')
    const before = await logIn()
    const { accessToken: token } = await server.signIn('ada')
    const body = { currentPassword: testPassword, newPassword }
    const wish = { token, body, headers: { cookie: before } }
    const cookie = deviceOf(await server.call('POST /api/auth/password', wish))
    await besiege(tryFrom)
    assert.equal((await tryFrom(home, { password: newPassword, cookie: before })).status, 429)
    assert.equal((await tryFrom(home, { password: newPassword, cookie })).status, 200)
  })

  test('is what stays when its user adds a second factor, or removes one', async (t) => {
    const { server, mailbox, tryFrom, logIn } = await setUp(t)
    await openWithAddress(server, mailbox)
    const before = await logIn()
    const { accessToken: token } = await server.signIn('ada')
    const wish = { token, headers: { cookie: before } }
    const added = await server.call('POST /api/auth/mfa/factors/email', wish)
    const cookie = deviceOf(added)
    const { id } = added.body['factor'] as { id: string }
    const other = { token: String(added.body['accessToken']), headers: { cookie } }
    const after = deviceOf(await server.call(`DELETE /api/auth/mfa/factors/${id}`, other))
    await besiege(tryFrom)
    const right = { password: testPassword }
    assert.equal((await tryFrom(home, { ...right, cookie: before })).status, 429)
    assert.equal((await tryFrom(home, { ...right, cookie })).status, 429)
    assert.equal((await tryFrom(home, { ...right, cookie: after })).status, 200)
  })

  test('gets no cookie before the log-in is complete, nor with tokens in the body', async (t) => {
    const { server, tryFrom } = await setUp(t, { secondFactor: 'required' })
    await server.open('ada')
    const waiting = await tryFrom(home, { password: testPassword })
    assert.equal(waiting.body['code'], 'mfa_enrollment_required')
    assert.deepEqual(waiting.headers.getSetCookie(), [])
    const { server: open } = await setUp(t)
    await open.open('bob')
    const body = { username: 'bob', password: testPassword, delivery: 'body' }
    const answer = await open.call('POST /api/auth/login', { body })
    assert.deepEqual([answer.status, answer.headers.getSetCookie()], [200, []])
  })

  test('of a stranger tells nobody whether an account exists', async (t) => {
    const { server, tryFrom, logIn } = await setUp(t)
    for (const name of ['ada', 'eve']) await server.open(name)
    const cookie = await logIn('eve')
    const seen = async (name: string): Promise<string[]> => {
      const answers: string[] = []
      for (let at = 0; at < 12; at++) {
        const { status, headers, body } = await tryFrom(`192.0.2.${at % 4}`, { name, cookie })
        const kept = [...headers].filter(([key]) => !/^(?:x-request-id|ratelimit-re)/.test(key))
        answers.push(JSON.stringify([status, { ...body, requestId: '' }, kept]))
      }
      return answers
    }
    const known = await seen('ada')
    assert.deepEqual(await seen('nobody'), known)
    assert.ok(known.at(-1)?.startsWith('[429'))
  })

  test('is no new device, wherever it is carried', async (t) => {
    const { server, mailbox, tryFrom, logIn } = await setUp(t)
    const email = await openWithAddress(server, mailbox)
    const cookie = await logIn()
    await logIn('ada', cookie, '192.0.2.1')
    await tryFrom('192.0.2.2', { password: testPassword })
    const warnings = [await mailbox.take(email)]
    assert.match(warnings[0]?.text ?? '', /192\.0\.2\.2/)
    assert.deepEqual(mailbox.messages, [])
  })
})
