// Five tabs of the example in a real browser, through everything that logs people out elsewhere.

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { withoutBrowser } from '../../packages/server/src/documentation/browser.fixture.ts'
import { until } from '../../tools/until.ts'
import { callInAll, enter, ExampleSite, historyOf, openTabs, shows } from './site.fixture.ts'

const nobody = 'Nobody is signed in.'
const cycles = 20
const undisturbed = [', refusals: 0']

test('five tabs', { skip: withoutBrowser, timeout: 300_000 }, async (t) => {
  const { site, context, tabs } = await start(t)
  t.beforeEach(() => forget(tabs))

  await t.test(
    'refresh once per cycle and keep no token where scripts of tomorrow find it',
    async () => {
      const tokens = new Set<string>()
      context.on('request', (request) => {
        const token = request.headers()['authorization']?.replace('Bearer ', '')
        if (token !== undefined) tokens.add(token)
      })
      for (const tab of tabs) await tab.check('#repeat')
      const before = site.countRefreshes()
      for (let cycle = 1; cycle <= cycles; cycle++) {
        await site.passCycle(context)
        await callInAll(tabs)
        assert.equal(site.countRefreshes() - before, cycle)
      }
      assert.deepEqual(await historyOf(tabs), undisturbed)
      assert.ok(tokens.size >= cycles)
      for (const tab of tabs) assert.deepEqual(await findStored(tab, [...tokens]), [])
      const cookies = await context.cookies()
      assert.deepEqual(
        cookies.map(({ name, httpOnly, value }) => [name, httpOnly, tokens.has(value)]),
        [
          ['device', true, false],
          ['refreshToken', true, false],
        ],
      )
    },
  )

  await t.test('survive answers that are lost, and a server that restarts', async () => {
    for (let cycle = 1; cycle <= 2; cycle++) {
      const before = site.countRefreshes()
      const lost = site.proxy.cutOn('POST /api/auth/refresh', 'unanswered', 2)
      await site.passCycle(context)
      await callInAll(tabs)
      assert.equal(lost.count(), 2)
      assert.equal(site.countRefreshes() - before, 3, 'the two that were lost, and one')
    }
    for (let cycle = 1; cycle <= 2; cycle++) {
      const before = site.countRefreshes()
      await site.restart()
      await site.passCycle(context)
      await callInAll(tabs)
      assert.equal(site.countRefreshes() - before, 1)
    }
    assert.deepEqual(await historyOf(tabs), undisturbed)
  })

  await t.test('go on when the one that refreshes is closed before it has its answer', async () => {
    const refreshing = new Promise<Page>((resolve) => {
      context.on('request', (request) => {
        if (request.url().endsWith('/api/auth/refresh')) resolve(request.frame().page())
      })
    })
    const before = site.countRefreshes()
    site.proxy.mode = 'hold'
    await site.passCycle(context)
    const closing = await refreshing
    await closing.close()
    site.proxy.mode = 'pass'
    tabs.splice(tabs.indexOf(closing), 1)
    assert.equal(tabs.length, 4)
    await callInAll(tabs)
    assert.ok(site.countRefreshes() - before <= 2, 'that of the closed tab, and one')
    await site.passCycle(context)
    await callInAll(tabs)
    assert.deepEqual(await historyOf(tabs), undisturbed)
  })

  await t.test('go on after some were suspended for longer than a token lives', async () => {
    const sleepers = tabs.slice(0, 3)
    const before = site.countRefreshes()
    await suspend(sleepers)
    for (let cycle = 1; cycle <= 4; cycle++) {
      await site.passCycle(context)
      await callInAll(tabs.slice(3))
      assert.equal(site.countRefreshes() - before, cycle)
    }
    await resume(sleepers)
    await callInAll(tabs)
    assert.equal(site.countRefreshes() - before, 4, 'whoever wakes takes the token of those awake')

    // A laptop that is closed and opened again.
    await suspend(tabs)
    site.passTimeElsewhere(4)
    assert.equal(site.countRefreshes() - before, 4, 'nobody is awake')
    await resume(tabs)
    await site.wakeUp(context, 4)
    await callInAll(tabs)
    assert.equal(site.countRefreshes() - before, 5, 'one for all who wake at once')
    assert.deepEqual(await historyOf(tabs), undisturbed)
  })

  await t.test('sign out and in together', async () => {
    await tabs[3]?.click('#log-out')
    await shows(tabs, nobody)
    await enter(tabs[1] as Page, 'Log in')
    await shows(tabs, 'ada')
    await callInAll(tabs)
    assert.deepEqual(await historyOf(tabs), ['signed_out signed_in, refusals: 0'])
  })

  await t.test('all lose a session whose stolen token is used', async () => {
    const before = site.countRefreshes()
    const stolen = (await context.cookies())[0]?.value
    for (let cycle = 1; cycle <= 2; cycle++) {
      await site.passCycle(context)
      await until(() => site.countRefreshes() - before === cycle, 'a refresh')
      await callInAll(tabs)
    }
    const replay = await fetch(`${site.url}/api/auth/refresh`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refreshToken: stolen }),
    })
    assert.equal(replay.status, 401)
    assert.ok(site.events.includes('session.theft'))
    await tabs[2]?.click('#call')
    await shows(tabs, nobody)
    for (const tab of tabs) {
      assert.deepEqual(await tab.locator('#changes li').allTextContents(), ['ended'])
    }
  })
})

test('five tabs do without Web Locks', { skip: withoutBrowser }, async (t) => {
  const { site, context, tabs } = await start(t, (context) =>
    context.addInitScript(() => {
      Reflect.deleteProperty(Navigator.prototype, 'locks')
    }),
  )
  assert.equal(await tabs[0]?.evaluate(() => 'locks' in navigator), false)
  for (let cycle = 1; cycle <= 3; cycle++) {
    await site.passCycle(context)
    await callInAll(tabs)
    assert.equal(site.countRefreshes(), cycle)
  }
  await tabs[4]?.click('#log-out')
  await shows(tabs, nobody)
  await enter(tabs[0] as Page, 'Log in')
  await shows(tabs, 'ada')
  assert.deepEqual(await historyOf(tabs), ['signed_in signed_out signed_in, refusals: 0'])
})

async function start(
  t: TestContext,
  prepare?: (context: BrowserContext) => Promise<unknown>,
): Promise<{ site: ExampleSite; context: BrowserContext; tabs: Page[] }> {
  const site = await ExampleSite.start(t)
  const { context, tabs } = await openTabs(t, site, prepare)
  await enter(tabs[0] as Page, 'Register and log in')
  await shows(tabs, 'ada')
  return { site, context, tabs }
}

/** As a browser does it with tabs that nobody looks at: nothing in them runs. */
async function suspend(tabs: readonly Page[]): Promise<void> {
  await setLifecycleState(tabs, 'frozen')
}

async function resume(tabs: readonly Page[]): Promise<void> {
  await setLifecycleState(tabs, 'active')
}

async function setLifecycleState(tabs: readonly Page[], state: 'frozen' | 'active'): Promise<void> {
  for (const tab of tabs) {
    const session = await tab.context().newCDPSession(tab)
    await session.send('Page.setWebLifecycleState', { state })
    await session.detach()
  }
}

/** Tells what happens next from what happened before. */
async function forget(tabs: readonly Page[]): Promise<void> {
  for (const tab of tabs) {
    await tab.uncheck('#repeat')
    await tab.evaluate(() => document.querySelector('#changes')?.replaceChildren())
  }
}

/** Where a script that comes later could find one of the tokens. */
function findStored(tab: Page, tokens: readonly string[]): Promise<string[]> {
  return tab.evaluate(async (tokens) => {
    const places: Record<string, string> = {
      cookies: document.cookie,
      localStorage: JSON.stringify(Object.entries(localStorage)),
      sessionStorage: JSON.stringify(Object.entries(sessionStorage)),
      databases: JSON.stringify(await indexedDB.databases()),
      caches: JSON.stringify(await caches.keys()),
    }
    const found = Object.entries(places).filter(([, text]) =>
      ['eyJ', ...tokens].some((token) => text.includes(token)),
    )
    const emptyOnes = ['databases', 'caches'].filter((place) => places[place] !== '[]')
    return [...found.map(([place]) => place), ...emptyOnes]
  }, tokens)
}
