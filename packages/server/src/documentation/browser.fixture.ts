// A page in the system's Chromium, with a record of everything that a clean page does not do.

import { existsSync } from 'node:fs'
import { after, type TestContext } from 'node:test'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type CDPSession,
  chromium,
  type Page,
} from 'playwright-core'

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

/** Why browser tests cannot run here; false when they can. */
export const withoutBrowser: string | false = existsSync(executablePath)
  ? false
  : `There is no Chromium at ${executablePath}: install it, or set CHROMIUM to where it is.`

// One for all tests of a file; each page has a profile of its own.
let browser: Promise<Browser> | undefined
after(async () => (await browser)?.close())

function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** A fresh profile that ends with the test. */
export async function openProfile(
  t: TestContext,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const profile = { viewport: { width: 1280, height: 900 }, ...options }
  const context = await (browser ??= launch()).then((running) => running.newContext(profile))
  t.after(() => context.close())
  context.setDefaultTimeout(20_000)
  return context
}

export interface WatchedPage {
  readonly page: Page
  /** Errors of the console and of scripts, violations of the CSP, and requests to other origins. */
  readonly faults: readonly string[]
}

/** Opens the address in a fresh profile that ends with the test. */
export async function openPage(
  t: TestContext,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await openProfile(t, options)
  const page = await context.newPage()
  const faults: string[] = []
  const { origin } = new URL(url)
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => faults.push(`script: ${error.message}`))
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) faults.push(`foreign: ${request.url()}`)
  })
  await page.exposeFunction('reportViolation', (text: string) => void faults.push(`CSP: ${text}`))
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const page = window as unknown as { reportViolation(text: string): void }
      page.reportViolation(`${event.violatedDirective} ${event.blockedURI}`)
    })
  })
  await page.goto(url)
  return { page, faults }
}

/** A virtual authenticator with a user who is present and says yes. @returns its id */
export async function addAuthenticator(cdp: CDPSession): Promise<string> {
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return authenticatorId
}
