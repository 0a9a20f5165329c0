// The example on a real port behind a network that can fail, and a browser with any number of its tabs.

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Countersign, createCountersign } from '@countersign/server'
import type { BrowserContext, Page } from 'playwright-core'
import { openProfile } from '../../packages/server/src/documentation/browser.fixture.ts'
import { startProxy, type TcpProxy } from '../../tools/tcp-proxy.fixture.ts'
import { until } from '../../tools/until.ts'
import { createApplication } from './application.ts'
import { bundlePage } from './bundle-page.ts'

/** The life of an access token; a cycle is a little more than what a page waits before it refreshes. */
const lifeMs = 10_000
const cycleMs = lifeMs - 1_000

let script: Promise<string> | undefined

export class ExampleSite {
  /** `POST /api/auth/refresh` and the like, in order of arrival at the server. */
  readonly calls: string[] = []
  readonly events: string[] = []
  readonly proxy: TcpProxy
  readonly url: string
  readonly #directory = mkdtempSync(join(tmpdir(), 'single-page-app-'))
  #listener: RequestListener | undefined
  #auth: Countersign | undefined
  #shiftMs = 0

  constructor(proxy: TcpProxy) {
    this.proxy = proxy
    this.url = `http://127.0.0.1:${proxy.port}`
  }

  static async start(t: TestContext): Promise<ExampleSite> {
    const server = createServer((request, response) => {
      site.calls.push(`${request.method} ${request.url}`)
      if (site.#listener === undefined) request.socket.destroy()
      else site.#listener(request, response)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const proxy = await startProxy(t, typeof address === 'object' && address ? address.port : 0)
    const site = new ExampleSite(proxy)
    await site.#open()
    t.after(async () => {
      server.close()
      server.closeAllConnections()
      await site.#close()
      rmSync(site.#directory, { recursive: true })
    })
    return site
  }

  /** All connections break, the memory is gone, and a new instance takes up the same database. */
  async restart(): Promise<void> {
    await this.#close()
    this.proxy.cut()
    await this.#open()
  }

  async #open(): Promise<void> {
    this.#auth = await createCountersign({
      databaseUrl: `sqlite:${join(this.#directory, 'accounts.db')}`,
      publicUrl: this.url,
      jwtExpiresIn: '10s',
      rateLimitAnonymous: '100000/1m',
      rateLimitUser: '100000/1m',
      clock: () => Date.now() + this.#shiftMs,
      onEvent: ({ type }) => void this.events.push(type),
    })
    this.#listener = createApplication(this.#auth, await (script ??= bundlePage()))
  }

  async #close(): Promise<void> {
    this.#listener = undefined
    await this.#auth?.close()
  }

  countRefreshes(): number {
    return this.calls.filter((call) => call === 'POST /api/auth/refresh').length
  }

  /** Time goes on here and in every tab at once, until the access token is about to end. */
  async passCycle(context: BrowserContext): Promise<void> {
    this.passTimeElsewhere(1)
    await this.wakeUp(context, 1)
  }

  /** Time goes on here while the tabs sleep. */
  passTimeElsewhere(cycles: number): void {
    this.#shiftMs += cycles * cycleMs
  }

  /** The tabs see what time it is; what was due meanwhile is done once. */
  async wakeUp(context: BrowserContext, cycles: number): Promise<void> {
    await context.clock.fastForward(cycles * cycleMs)
  }
}

/** Five tabs in one profile, signed in in the first. */
export async function openTabs(
  t: TestContext,
  site: ExampleSite,
  prepare?: (context: BrowserContext) => Promise<unknown>,
): Promise<{ readonly context: BrowserContext; readonly tabs: Page[] }> {
  const context = await openProfile(t)
  await context.clock.install()
  await prepare?.(context)
  const tabs = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const page = await context.newPage()
      await page.goto(site.url)
      await page.waitForSelector('#entrance:not([hidden])')
      return page
    }),
  )
  return { context, tabs }
}

export async function enter(page: Page, button: string): Promise<void> {
  await page.fill('[name=username]', 'ada')
  await page.fill('[name=password]', 'a long enough phrase 7')
  await page.click(`text="${button}"`)
}

/** Waits until every tab shows this user, or nobody. */
export async function shows(tabs: readonly Page[], user: string): Promise<void> {
  await Promise.all(tabs.map((tab) => tab.waitForSelector(`#user:text-is("${user}")`)))
}

/** Every tab calls the protected route and is answered, if need be after it has tried again. */
export async function callInAll(tabs: readonly Page[]): Promise<void> {
  await Promise.all(
    tabs.map(async (tab) => {
      const before = (await resultsOf(tab)).answers
      await call(tab)
      await until(async () => {
        const { answers, problem } = await resultsOf(tab)
        if (problem !== '') await call(tab)
        return answers > before
      }, 'an answer')
    }),
  )
}

/** Without the frames that a real click waits for: a tab in the background is given few. */
async function call(tab: Page): Promise<void> {
  await tab.evaluate(() => {
    document.querySelector('#problem')?.replaceChildren()
    document.querySelector<HTMLElement>('#call')?.click()
  })
}

function resultsOf(tab: Page): Promise<{ answers: number; problem: string }> {
  return tab.evaluate(() => ({
    answers: Number(document.querySelector('#answers')?.textContent),
    problem: document.querySelector('#problem')?.textContent ?? '',
  }))
}

/** What the tabs said that happened, and whether a call of theirs was refused. */
export async function historyOf(tabs: readonly Page[]): Promise<string[]> {
  const histories = await Promise.all(
    tabs.map(async (tab) => {
      const changes = await tab.locator('#changes li').allTextContents()
      return `${changes.join(' ')}, refusals: ${await tab.textContent('#refusals')}`
    }),
  )
  return [...new Set(histories)]
}
