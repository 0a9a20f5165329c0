// The links of mails that ask for a second factor, in a real browser: each kind that the account has can be chosen.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { describe, test, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { createCountersign } from '../create-countersign.ts'
import { addAuthenticator, openProfile, withoutBrowser } from '../documentation/browser.fixture.ts'
import { createTestClock } from '../foundation/deterministic.fixture.ts'
import { createSite, password } from '../library.fixture.ts'
import { createTestMailbox } from '../mail/mailbox.fixture.ts'
import { codeOf } from '../totp/authenticator.fixture.ts'

const ada = 'ada@example.org'
const fresh = 'new@example.org'
const newPassword = 'another horse battery staple'

async function setUp(t: TestContext) {
  let listener: RequestListener | undefined
  const server = createServer((request, response) => listener?.(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address)
  // Passkeys are for names, not for addresses.
  const publicUrl = `http://localhost:${address.port}`
  const mailbox = createTestMailbox()
  const clock = createTestClock(Date.now())
  const auth = await createCountersign({
    databaseUrl: 'sqlite::memory:',
    publicUrl,
    sendMail: mailbox.sendMail,
    rateLimitMail: '100/1h',
    clock,
  })
  listener = auth.handler
  t.after(async () => {
    server.close()
    server.closeAllConnections()
    await auth.close()
  })
  const site = createSite(publicUrl, fetch)
  const call = async (route: string, body?: object, token?: string) => {
    const [method = '', path = ''] = route.split(' ')
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const { status, text } = await site.call(method, path, { headers, ...(body && { body }) })
    return { status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> }
  }
  await call('POST /api/auth/register', { username: 'ada', password, email: ada })
  await call('POST /api/auth/email/verify', { token: await mailbox.takeToken(ada), password })
  const signedIn = await call('POST /api/auth/login', { username: 'ada', password })
  const account = { token: String(signedIn.body['token']) }
  const change = async (route: string, body?: object) => {
    const answer = await call(route, body, account.token)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    if (typeof answer.body['token'] === 'string') account.token = answer.body['token']
    return answer.body
  }
  const takeLink = async (page: string, from = ada) =>
    `${publicUrl}/account/${page}#${await mailbox.takeToken(from)}`
  const context = await openProfile(t)
  const page = await context.newPage()
  const authenticator = await addAuthenticator(await context.newCDPSession(page))
  return { publicUrl, mailbox, clock, call, change, account, takeLink, page, authenticator }
}

type Stage = Awaited<ReturnType<typeof setUp>>

/** @returns the app's present code */
async function addApp({ change, clock, mailbox }: Stage): Promise<() => string> {
  const { secret } = await change('POST /api/auth/mfa/totp', {})
  const code = () => codeOf(String(secret), clock())
  await change('POST /api/auth/mfa/totp/confirm', { code: code() })
  assert.match((await mailbox.take(ada)).subject, /factor was added/)
  clock.advance(30_000)
  return code
}

async function addRecoveryCodes({ change, mailbox }: Stage): Promise<readonly string[]> {
  const { recoveryCodes } = await change('POST /api/auth/mfa/recovery-codes')
  assert.match((await mailbox.take(ada)).subject, /factor was added/)
  return recoveryCodes as string[]
}

/** In the browser's virtual authenticator, as an application's page does it. */
async function addPasskey({ page, publicUrl, account, change, mailbox }: Stage): Promise<void> {
  await page.goto(`${publicUrl}/account/sign-in`)
  const options = await change('POST /api/auth/passkeys/register/options')
  const response = await page.evaluate(async (json) => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json as never)
    const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential
    return made.toJSON() as unknown as Record<string, object>
  }, options)
  const { id, rawId, type } = response
  const { clientDataJSON, attestationObject, transports } = response['response'] as Record<
    string,
    unknown
  >
  const credential = { id, rawId, type }
  const answer = { ...credential, response: { clientDataJSON, attestationObject, transports } }
  await change('POST /api/auth/passkeys/register', { response: answer, name: 'Key' })
  assert.notEqual(account.token, '')
  assert.match((await mailbox.take(ada)).subject, /factor was added/)
}

async function openReset({ call, takeLink, page }: Stage): Promise<void> {
  assert.equal((await call('POST /api/auth/password/forgot', { email: ada })).status, 202)
  await page.goto(await takeLink('reset-password'))
  await page.fill('#newPassword', newPassword)
  await page.click('#submit')
}

const choices = (page: Page): Promise<string[]> =>
  page.$$eval('.choice', (labels) => labels.map((label) => label.textContent?.trim() ?? ''))

const isReset = (page: Page) => page.waitForSelector('#outcome:text("The password is set.")')

describe('the page of a forgotten password', { skip: withoutBrowser }, () => {
  test('offers each kind of factor that the account has, and takes the one that is chosen', async (t) => {
    const stage = await setUp(t)
    const { page } = stage
    await addApp(stage)
    const [code = ''] = await addRecoveryCodes(stage)
    await addPasskey(stage)
    await openReset(stage)
    await page.waitForSelector('.choice')
    assert.deepEqual(await choices(page), [
      'Authenticator app',
      'Passkey or security key',
      'Recovery code',
    ])
    const field = () => page.$eval('#code', (input) => (input as HTMLInputElement).autocomplete)
    assert.equal(await field(), 'one-time-code')
    await page.check('#factor-passkey')
    assert.equal(await page.innerText('#submit'), 'Use a passkey')
    assert.equal(await page.$('#code'), null, 'there is nothing to type')
    await page.check('#factor-recovery')
    assert.equal(await field(), 'off')
    await page.fill('#code', 'WRONG')
    await page.click('#submit')
    await page.waitForSelector('#outcome[data-failed]:text("wrong or too old")')
    await page.fill('#code', code)
    await page.click('#submit')
    await isReset(page)
  })

  test('takes the code of the app', async (t) => {
    const stage = await setUp(t)
    const code = await addApp(stage)
    await openReset(stage)
    await stage.page.waitForSelector('#code')
    assert.deepEqual(await choices(stage.page), [], 'there is nothing to choose')
    await stage.page.fill('#code', code())
    await stage.page.click('#submit')
    await isReset(stage.page)
  })

  test('takes a passkey, also after it was turned down', async (t) => {
    const stage = await setUp(t)
    const { page } = stage
    await addPasskey(stage)
    await openReset(stage)
    await page.waitForSelector('#submit:text("Use a passkey")')
    // A user who says no.
    await page.evaluate(() => {
      const { credentials } = navigator
      const get = credentials.get.bind(credentials)
      credentials.get = async () => {
        credentials.get = get
        throw new DOMException('No', 'NotAllowedError')
      }
    })
    await page.click('#submit')
    await page.waitForSelector('#outcome[data-failed]:text("The passkey was not used.")')
    await page.click('#submit')
    await isReset(page)
    const { call } = stage
    const { status, body } = await call('POST /api/auth/login', {
      username: 'ada',
      password: newPassword,
    })
    assert.deepEqual([status, body['code']], [401, 'mfa_required'])
  })
})

describe('the page of an undone address', { skip: withoutBrowser }, () => {
  test('takes a passkey that was there before', async (t) => {
    const stage = await setUp(t)
    const { page, call, account, mailbox, clock, takeLink } = stage
    await addPasskey(stage)
    clock.advance(1_000)
    await call('POST /api/auth/email', { email: fresh }, account.token)
    const token = await mailbox.takeToken(fresh)
    assert.equal((await call('POST /api/auth/email/confirm', { token })).status, 204)
    await page.goto(await takeLink('undo-email'))
    await page.fill('#newPassword', newPassword)
    await page.click('#submit')
    await page.waitForSelector('#submit:text("Use a passkey")')
    await page.click('#submit')
    await page.waitForSelector('#outcome:text("The account is yours again.")')
  })
})

const openLink = async ({ call, takeLink, page }: Stage) => {
  await call('POST /api/auth/code', { email: ada })
  await page.goto(await takeLink('sign-in-link'))
  await page.click('#submit')
  await page.waitForSelector('#factors fieldset')
}
const isLoggedIn = async ({ page }: Stage) => {
  await page.waitForSelector('#outcome:text("You are logged in.")')
  const cookies = (await page.context().cookies()).map(({ name }) => name)
  assert.ok(cookies.includes('refreshToken'), cookies.join(' '))
}

describe('the page of a link that logs in', { skip: withoutBrowser }, () => {
  test('goes on with the code of the app', async (t) => {
    const stage = await setUp(t)
    const code = await addApp(stage)
    await openLink(stage)
    await stage.page.fill('#code', code())
    await stage.page.click('#submit')
    await isLoggedIn(stage)
  })

  test('goes on with a passkey', async (t) => {
    const stage = await setUp(t)
    await addPasskey(stage)
    await openLink(stage)
    await stage.page.click('#submit')
    await isLoggedIn(stage)
  })

  test('goes on with the password where the mailbox is the second factor', async (t) => {
    const stage = await setUp(t)
    await stage.change('POST /api/auth/mfa/factors/email')
    assert.match((await stage.mailbox.take(ada)).subject, /factor was added/)
    await openLink(stage)
    await stage.page.fill('#code', password)
    await stage.page.click('#submit')
    await isLoggedIn(stage)
  })
})
