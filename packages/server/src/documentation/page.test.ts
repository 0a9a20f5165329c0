import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import express from 'express'
import type { Page } from 'playwright-core'
import type { CountersignOptions } from '../config/options.ts'
import { createSite, openLibrary, password, serveSite } from '../library.fixture.ts'
import { openPage, withoutBrowser } from './browser.fixture.ts'
import { findFaintText } from './contrast.fixture.ts'

/** What the page shows of an answer, once there is one. */
async function answerOf(page: Page, operation: string): Promise<string> {
  await page.waitForSelector(`#${operation} .result`)
  return page.innerText(`#${operation} .answer`)
}

describe('the files of the page', () => {
  test('come from our own origin under a policy that lets nothing else in', async (t) => {
    const auth = await openLibrary(t)
    const site = createSite('http://localhost:3000', (url, init) =>
      auth.fetch(new Request(url, init)),
    )
    const page = await site.call('GET', '/docs')
    assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
    const policy = page.headers.get('content-security-policy') ?? ''
    assert.match(policy, /^default-src 'none'; /)
    assert.match(policy, /require-trusted-types-for 'script'; trusted-types 'none'/)
    assert.doesNotMatch(policy, /unsafe|https?:|\*/)
    const names = [...page.text.matchAll(/(?:src|href)="(docs\/[^"]+)"/g)].map(
      ([, name = '']) => name,
    )
    assert.ok(names.length >= 4)
    for (const name of names) {
      const part = await site.call('GET', `/${name}`)
      assert.equal(part.status, 200, name)
      assert.equal(part.headers.get('x-content-type-options'), 'nosniff')
    }
    assert.doesNotMatch(page.text, /<script>|<style|style=|onclick=|https?:\/\/(?!www\.w3\.org)/)
  })

  test('are those of the page alone', async (t) => {
    const auth = await openLibrary(t)
    for (const name of ['tsconfig.json', 'types.ts', '..%2Fpackage.json', '%2e%2e', 'index.html']) {
      const answer = await auth.fetch(new Request(`http://localhost:3000/docs/${name}`))
      assert.equal(answer.status, 404, name)
    }
  })

  test('are not there when the documentation is off', async (t) => {
    const auth = await openLibrary(t, { docs: 'off' })
    for (const path of ['/docs', '/docs/main.js', '/openapi.json']) {
      const answer = await auth.fetch(new Request(`http://localhost:3000${path}`))
      assert.equal(answer.status, 404, path)
    }
  })
})

describe('the page in a browser', { skip: withoutBrowser }, () => {
  test('registers, logs in, calls, refreshes, survives a reload and logs out by clicks', async (t) => {
    const { url } = await serve(t)
    const { page, faults } = await openPage(t, `${url}/docs`)
    await page.click('#session-button')
    await page.fill('#username', 'ada')
    await page.fill('#password', password)
    await page.click('dialog >> text=Register and log in')
    await page.waitForSelector('#session-button .name:text-is("ada")')

    await page.click('nav >> text=Get your profile')
    await page.click('#ownProfile >> text="Send"')
    await page.waitForSelector('#ownProfile .status.good:text-is("200")')
    assert.match(await answerOf(page, 'ownProfile'), /"username": "ada"/)

    await page.click('nav >> text="Refresh"')
    await page.click('#refresh >> text="Send"')
    assert.match(await answerOf(page, 'refresh'), /200 OK[\s\S]*"csrfToken"/)

    await page.reload()
    await page.waitForSelector('#session-button .name:text-is("ada")')
    await page.click('#session-button')
    await page.click('dialog >> text="Refresh"')
    await page.click('dialog >> text="Log out"')
    await page.waitForSelector('dialog #username')
    await page.click('dialog >> text=Close')
    assert.equal(await page.innerText('#session-button'), 'Log in')
    await page.reload()
    await page.waitForSelector('.operation')
    assert.equal(await page.innerText('#session-button'), 'Log in')
    assert.deepEqual(faults, [])
  })

  test('logs in and out through the operations themselves', async (t) => {
    const { url } = await serve(t)
    const { page, faults } = await openPage(t, `${url}/docs#register`)
    await page.click('#register >> text="Send"')
    assert.match(await answerOf(page, 'register'), /201 Created/)
    await page.click('nav >> text="Log in"')
    await page.click('#login >> text="Send"')
    await page.waitForSelector('#session-button .name:text-is("ada")')
    await page.click('nav >> text="Log out"')
    await page.click('#logout >> text="Send"')
    assert.match(await answerOf(page, 'logout'), /204 No Content[\s\S]*No content/)
    assert.equal(await page.innerText('#session-button'), 'Log in')
    assert.deepEqual(faults, [])
  })

  test('refreshes by itself when the access token died, and when it ended', async (t) => {
    const { url, auth } = await serve(t)
    const { page } = await openPage(t, `${url}/docs#ownProfile`)
    await page.clock.install()
    await logIn(page)
    const ada = await auth.accounts.find('ada')
    await auth.accounts.setRole(ada?.id ?? '', 'admin')
    await page.click('#ownProfile >> text="Send"')
    await page.waitForSelector('#ownProfile .note')
    assert.match(
      await answerOf(page, 'ownProfile'),
      /no longer good, so it was refreshed and the call repeated/,
    )
    assert.match(await answerOf(page, 'ownProfile'), /200 OK[\s\S]*"role": "admin"/)

    await page.clock.fastForward('20:00')
    await page.click('#ownProfile >> text="Send"')
    await page.waitForSelector('#ownProfile .note:has-text("had ended")')
    assert.match(await answerOf(page, 'ownProfile'), /200 OK/)
  })

  test('calls as a service, with a form and a credential of its own', async (t) => {
    const { url, auth } = await serve(t)
    const added = await auth.services.add('billing')
    assert.ok(added.ok)
    const { page } = await openPage(t, `${url}/docs#introspect`)
    await page.waitForSelector('#introspect-body')
    assert.match(await page.inputValue('#introspect-body'), /^token=/)
    await page.click('#introspect >> text="Send"')
    // Without a credential it is a plain 401: no question by the browser itself stands in the way.
    assert.match(await answerOf(page, 'introspect'), /401 Unauthorized/)
    await page.fill('#introspect-service', added.service.id)
    await page.fill('#introspect-secret', added.secret)
    await page.click('#introspect >> text="Send"')
    await page.waitForSelector('#introspect .status.good')
    assert.match(await answerOf(page, 'introspect'), /"active": false/)
  })

  test('forgets a session that ended elsewhere, and says what a call answered', async (t) => {
    const { url, auth } = await serve(t)
    const { page } = await openPage(t, `${url}/docs#ownProfile`)
    await logIn(page)
    const ada = await auth.accounts.find('ada')
    await auth.accounts.setDisabled(ada?.id ?? '', true)
    await page.click('#ownProfile >> text="Send"')
    await page.waitForSelector('#ownProfile .status:text-is("401")')
    assert.match(await answerOf(page, 'ownProfile'), /"code": "invalid_token"/)
    assert.equal(await page.innerText('#session-button'), 'Log in')
    assert.match(await page.innerText('#ownProfile .needs'), /Log in first/)
  })

  test('shows in the dialog why a log-in was refused', async (t) => {
    const { url } = await serve(t)
    const { page } = await openPage(t, `${url}/docs`)
    await page.click('#session-button')
    await page.fill('#username', 'nobody')
    await page.fill('#password', 'wrong')
    await page.keyboard.press('Enter')
    await page.waitForSelector('dialog .failure:text-is("Invalid credentials")')
    await page.click('dialog >> text=Register and log in')
    await page.waitForSelector('dialog .failure:has-text("at least 8 characters")')
  })

  test('can be used with the keyboard alone', async (t) => {
    const { url } = await serve(t)
    const { page, faults } = await openPage(t, `${url}/docs`)
    await page.waitForSelector('.operation')
    await page.keyboard.press('Tab')
    assert.equal(await focused(page), 'Skip to the reference')
    await page.keyboard.press('/')
    await page.keyboard.type('about')
    await page.waitForFunction(
      () => document.querySelectorAll('nav li[data-words]:not([hidden])').length === 1,
    )
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    assert.match(await focused(page), /About this service/)
    await page.keyboard.press('Enter')
    await page.waitForSelector('#publicInformation[open]')
    await page.focus('#publicInformation summary')
    for (let press = 0; press < 20 && (await focused(page)) !== 'Send'; press++) {
      await page.keyboard.press('Tab')
    }
    await page.keyboard.press('Enter')
    await page.waitForSelector('#publicInformation .status.good')
    await page.focus('#session-button')
    await page.keyboard.press('Enter')
    await page.waitForSelector('dialog[open] #username:focus')
    await page.keyboard.press('Escape')
    await page.waitForSelector('dialog:not([open])', { state: 'attached' })
    assert.equal(await focused(page), 'Log in', 'the focus is back where it was')
    assert.deepEqual(faults, [])
  })

  for (const width of [390, 1280]) {
    test(`the sample of no request body is cut off, ${width} pixels wide`, async (t) => {
      const { url } = await serve(t)
      const { page } = await openPage(t, `${url}/docs`)
      await page.setViewportSize({ width, height: 900 })
      await openEverything(page)
      const cutOff = await page.evaluate(() =>
        [...document.querySelectorAll('textarea')]
          .filter((area) => area.scrollHeight > area.clientHeight + 1)
          .map(({ id }) => id),
      )
      assert.deepEqual(cutOff, [])
      assert.ok((await page.locator('textarea:visible').count()) > 10)
    })
  }

  test('every field, button and picture has a name', async (t) => {
    const { url } = await serve(t)
    const { page } = await openPage(t, `${url}/docs`)
    await openEverything(page)
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>('input, textarea, button, a, img, summary')]
        .filter((element) => {
          const labels =
            element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement
              ? [...(element.labels ?? [])].map((label) => label.innerText)
              : [element.innerText]
          const name = [...labels, element.getAttribute('aria-label')].join('').trim()
          return name === '' && !element.hasAttribute('alt')
        })
        .map((element) => element.outerHTML),
    )
    assert.deepEqual(nameless, [])
    const ids = await page.evaluate(() =>
      [...document.querySelectorAll('[id]')].map(({ id }) => id),
    )
    assert.equal(new Set(ids).size, ids.length, 'no id stands twice')
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`text stands out from what is behind it, ${colorScheme}`, async (t) => {
      const { url } = await serve(t)
      const { page, faults } = await openPage(t, `${url}/docs`, { colorScheme })
      await openEverything(page)
      await page.click('#publicInformation >> text="Send"')
      await page.waitForSelector('#publicInformation .status.good')
      assert.deepEqual(await findFaintText(page), [])
      await page.click('#session-button')
      assert.deepEqual(await findFaintText(page), [])
      assert.deepEqual(faults, [])
    })
  }

  test('the other colours are a click away, and stay', async (t) => {
    const { url } = await serve(t)
    const { page } = await openPage(t, `${url}/docs`, { colorScheme: 'light' })
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    assert.equal(await background(), 'rgb(255, 255, 255)')
    await page.click('#theme-button')
    assert.notEqual(await background(), 'rgb(255, 255, 255)')
    await page.reload()
    assert.notEqual(await background(), 'rgb(255, 255, 255)')
  })

  test('fits a small screen with everything open, and its menu closes after use', async (t) => {
    const { url } = await serve(t)
    const small = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true }
    const { page, faults } = await openPage(t, `${url}/docs`, small)
    await page.waitForSelector('.operation')
    await page.tap('#menu > summary')
    await page.tap('nav >> text="Log in"')
    await page.waitForSelector('#login[open]')
    assert.equal(await page.getAttribute('#menu', 'open'), null)
    await openEverything(page)
    await page.tap('#publicInformation >> text="Send"')
    await page.waitForSelector('#publicInformation .status.good')
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360)
    assert.deepEqual(faults, [])
  })

  test('shows hostile answers as text', async (t) => {
    const { url } = await serve(t)
    const userAgent = '<img src=x onerror=alert(1)><script>alert(2)</script>'
    const { page, faults } = await openPage(t, `${url}/docs#listSessions`, { userAgent })
    await logIn(page)
    await page.click('#listSessions >> text="Send"')
    await page.waitForSelector('#listSessions .status.good')
    assert.ok((await answerOf(page, 'listSessions')).includes('<img src=x'))
    assert.equal(await page.locator('.answer img, .answer script').count(), 0)
    assert.deepEqual(faults, [])
  })

  test('works where an Express application mounts the routes under a prefix', async (t) => {
    const auth = await openLibrary(t)
    const app = express().use(express.json()).use('/shop/api', auth.handler)
    const { url } = await serveSite(t, app)
    const { page, faults } = await openPage(t, `${url}/shop/api/docs#ownProfile`)
    assert.equal(await page.innerText('#ownProfile .path'), '/shop/api/users')
    assert.equal(await page.innerText('#keySet .path'), '/shop/api/.well-known/jwks.json')
    await logIn(page)
    await page.click('#ownProfile >> text="Send"')
    await page.waitForSelector('#ownProfile .status.good')
    await page.reload()
    await page.waitForSelector('#session-button .name:text-is("ada")')
    assert.deepEqual(faults, [])
  })

  test('without JavaScript it points to the document', async (t) => {
    const { url } = await serve(t)
    const { page } = await openPage(t, `${url}/docs`, { javaScriptEnabled: false })
    assert.match(await page.innerText('noscript'), /OpenAPI document/)
  })
})

async function serve(t: TestContext, options: CountersignOptions = {}) {
  const auth = await openLibrary(t, options)
  return { auth, url: (await serveSite(t, auth.handler)).url }
}

async function logIn(page: Page): Promise<void> {
  await page.click('#session-button')
  await page.fill('#username', 'ada')
  await page.fill('#password', password)
  await page.click('dialog >> text=Register and log in')
  await page.waitForSelector('#session-button .name:text-is("ada")')
}

async function openEverything(page: Page): Promise<void> {
  await page.waitForSelector('.operation')
  const count = await page.locator('details.operation').count()
  assert.ok(count > 20)
  await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true
  })
  await page.waitForFunction(
    (wanted) => document.querySelectorAll('details.operation > .columns').length === wanted,
    count,
  )
  await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true
  })
}

function focused(page: Page): Promise<string> {
  return page.evaluate(() => (document.activeElement as HTMLElement | null)?.innerText ?? '')
}
