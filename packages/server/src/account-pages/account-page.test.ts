import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { openPage, withoutBrowser } from '../documentation/browser.fixture.ts'
import { openLibrary, password, serveSite } from '../library.fixture.ts'
import { createTestMailbox } from '../mail/mailbox.fixture.ts'

const ada = 'ada@example.org'
const newPassword = 'another horse battery staple'

async function setUp(t: TestContext) {
  const mailbox = createTestMailbox()
  const auth = await openLibrary(t, { sendMail: mailbox.sendMail, rateLimitMail: '100/1h' })
  const site = await serveSite(t, auth.handler)
  await site.call('POST', '/api/auth/register', { body: { username: 'ada', password, email: ada } })
  const take = async (page: string) => `${site.url}/account/${page}#${await mailbox.takeToken(ada)}`
  const verify = async () => {
    const body = { token: await mailbox.takeToken(ada), password }
    assert.equal((await site.call('POST', '/api/auth/email/verify', { body })).status, 204)
  }
  const logIn = async (username: string, secret: string) =>
    (await site.call('POST', '/api/auth/login', { body: { username, password: secret } })).status
  return { site, take, verify, logIn }
}

describe('the page of a mail’s link', { skip: withoutBrowser }, () => {
  test('does nothing when it is opened, and what it is for at the press of a button', async (t) => {
    const { site, take, logIn } = await setUp(t)
    const link = await take('verify-email')
    const { page, faults } = await openPage(t, link)
    await page.waitForSelector('#form:not([hidden])')
    assert.equal(await page.evaluate(() => location.hash), '', 'no history keeps the token')
    assert.equal(await logIn(ada, password), 401)
    await page.fill('#password', password)
    await page.click('#submit')
    await page.waitForSelector('#outcome:text("Your address is verified.")')
    assert.equal(await logIn(ada, password), 200)

    await site.call('POST', '/api/auth/password/forgot', { body: { email: ada } })
    const reset = await openPage(t, await take('reset-password'))
    await reset.page.fill('#newPassword', newPassword)
    await reset.page.click('#submit')
    await reset.page.waitForSelector('#outcome:text("The password is set.")')
    assert.deepEqual([await logIn('ada', password), await logIn('ada', newPassword)], [401, 200])
    assert.deepEqual([...faults, ...reset.faults], [])
  })

  test('says what is wrong with a link that is no good', async (t) => {
    const { site } = await setUp(t)
    const { page } = await openPage(t, `${site.url}/account/change-email#made-up`)
    await page.click('#submit')
    await page.waitForSelector('#outcome[data-failed]:text("wrong or too old")')
  })

  // Only what is behind the # changes then, and the browser keeps the document.
  test('takes over a link that is opened in its tab, as if it were the first', async (t) => {
    const { site, take, verify, logIn } = await setUp(t)
    await verify()
    const { page, faults } = await openPage(t, `${site.url}/account/reset-password`)
    await page.fill('#email', ada)
    await page.click('#submit')
    await page.waitForSelector('#outcome:text("a mail is on its way")')
    const open = async (link: string) => {
      await page.evaluate((url) => location.assign(url), link)
      await page.waitForFunction(() => location.hash === '')
      assert.equal(await page.innerText('#outcome'), '', 'nothing is left of the one before')
      assert.equal(await page.inputValue('#newPassword'), '')
    }
    await open(await take('reset-password'))
    await page.fill('#newPassword', 'typed for the first, and never sent')
    await site.call('POST', '/api/auth/password/forgot', { body: { email: ada } })
    const second = await take('reset-password')
    await open(second)
    await page.fill('#newPassword', newPassword)
    await page.click('#submit')
    await page.waitForSelector('#outcome:text("The password is set.")')
    assert.equal(await logIn('ada', newPassword), 200)
    await open(second)
    await page.fill('#newPassword', newPassword)
    await page.click('#submit')
    await page.waitForSelector('#outcome[data-failed]:text("wrong or too old")')
    // What the browser logs of the last answer is meant to be there.
    assert.deepEqual(
      faults.filter((fault) => !fault.includes('status of 400')),
      [],
    )
  })

  test('shows in fields of their kind, which password managers fill (v5.0.0-6.2.6, v5.0.0-6.2.7)', async (t) => {
    const { take } = await setUp(t)
    const { page } = await openPage(t, await take('verify-email'))
    await page.waitForSelector('#form:not([hidden])')
    const kinds = await page.$$eval('input', (inputs) =>
      inputs.map(({ type, autocomplete }) => [type, autocomplete]),
    )
    assert.deepEqual(kinds, [
      ['password', 'current-password'],
      ['password', 'new-password'],
    ])
  })
})

// Notices link to the one, and what is sent to an address that is in use to the other.
describe('a page that is opened without a token', { skip: withoutBrowser }, () => {
  for (const name of ['reset-password', 'sign-in']) {
    test(`${name} asks for the address and has a link sent there, by the keyboard alone`, async (t) => {
      const { site, take, verify, logIn } = await setUp(t)
      await verify()
      const { page, faults } = await openPage(t, `${site.url}/account/${name}`)
      await page.getByLabel('E-mail address').waitFor()
      const kinds = await page.$$eval('input', (inputs) =>
        inputs.map(({ type, autocomplete, required }) => [type, autocomplete, required]),
      )
      assert.deepEqual(kinds, [['email', 'email', true]])
      await page.keyboard.press('Tab')
      await page.keyboard.type(ada)
      await page.keyboard.press('Enter')
      await page.waitForSelector('#outcome:not([data-failed]):text("a mail is on its way")')
      const reset = await openPage(t, await take('reset-password'))
      await reset.page.fill('#newPassword', newPassword)
      await reset.page.click('#submit')
      await reset.page.waitForSelector('#outcome:text("The password is set.")')
      assert.equal(await logIn('ada', newPassword), 200)
      assert.deepEqual([...faults, ...reset.faults], [])
    })
  }

  test('says the same of an address that nobody has', async (t) => {
    const { site, verify } = await setUp(t)
    await verify()
    const said = async (email: string) => {
      const { page } = await openPage(t, `${site.url}/account/reset-password`)
      await page.fill('#email', email)
      await page.click('#submit')
      await page.waitForSelector('#outcome:not(:empty)')
      return page.innerText('main')
    }
    assert.equal(await said('nobody@example.org'), await said(ada))
  })

  test('says why it was refused, and can be tried again', async (t) => {
    const { site } = await setUp(t)
    const { page } = await openPage(t, `${site.url}/account/reset-password`)
    const refused = async (email: string, message: string) => {
      await page.fill('#email', email)
      await page.click('#submit')
      await page.waitForSelector(`#outcome[data-failed]:text("${message}")`)
    }
    await refused('ada@localhost', 'This is not an e-mail address')
    for (const [status, message] of [
      [429, 'Too many requests'],
      [503, 'Too busy'],
    ] as const) {
      const json = { code: 'any', message }
      await page.route('**/password/forgot', (route) => route.fulfill({ status, json }))
      await refused(ada, message)
    }
    await page.unroute('**/password/forgot')
    await page.click('#submit')
    await page.waitForSelector('#outcome:not([data-failed]):text("a mail is on its way")')
  })

  test('is of no use where nothing but a link tells what it is for', async (t) => {
    const { site } = await setUp(t)
    const { page } = await openPage(t, `${site.url}/account/undo-email`)
    await page.waitForSelector('#outcome[data-failed]:text("for the links that come by mail")')
    assert.equal(await page.isVisible('#form'), false)
  })
})

test('there are the pages and their parts, and no other file', async (t) => {
  const { site } = await setUp(t)
  const parts = ['main.js', 'fields.js', 'second-factor.js', 'passkey.js', 'style.css']
  for (const name of ['reset-password', ...parts]) {
    assert.equal((await site.call('GET', `/account/${name}`)).status, 200, name)
  }
  for (const name of ['tsconfig.json', 'index.html', '..%2Fpackage.json', '']) {
    assert.equal((await site.call('GET', `/account/${name}`)).status, 404, name)
  }
})
