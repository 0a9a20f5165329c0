// Passkeys in a real browser, whose authenticator is Chromium's virtual one, with the client as a page has it.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createCountersign } from '@countersign/server'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import {
  addAuthenticator,
  openProfile,
  withoutBrowser,
} from '../../server/src/documentation/browser.fixture.ts'
import { findBlock } from '../../../tools/documents/blocks.ts'
import { until } from '../../../tools/until.ts'
import type { Client } from './client.ts'

const html = `<!doctype html><title>Passkeys</title>
<form><input name="username" autocomplete="username webauthn" autofocus></form>
<script type="module" src="/client.js"></script>`

/** What a page does with the client, and what came of it: a failure by its code or name. */
type Act = (client: Client) => Promise<unknown>

const script = `import { createClient } from '@countersign/client'
globalThis.client = createClient()`

async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
      loader: 'ts',
    },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@countersign/source'],
    write: false,
  })
  return outputFiles.map(({ text }) => text).join('')
}

interface PageParts {
  readonly html: string
  readonly script: string
}

async function setUp(t: TestContext, options: object = {}, parts: PageParts = { html, script }) {
  let listener: RequestListener | undefined
  const server = createServer((request, response) => listener?.(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  const auth = await createCountersign({
    databaseUrl: 'sqlite::memory:',
    publicUrl: url,
    rateLimitAnonymous: '1000/1m',
    ...options,
  })
  const bundled = await bundle(parts.script)
  listener = (request, response) => {
    const isPage = request.url === '/'
    if (!isPage && request.url !== '/client.js') {
      auth.handler(request, response)
      return
    }
    response.setHeader('content-type', isPage ? 'text/html' : 'text/javascript')
    // As strict as pages are that let no string become code.
    response.setHeader('content-security-policy', "require-trusted-types-for 'script'")
    response.end(isPage ? parts.html : bundled)
  }
  t.after(async () => {
    server.close()
    server.closeAllConnections()
    await auth.close()
  })
  const context = await openProfile(t)
  const page = await context.newPage()
  const cdp = await context.newCDPSession(page)
  const authenticatorId = await addAuthenticator(cdp)
  await page.goto(url)
  return { auth, page, cdp, authenticatorId, context, act: actIn(page) }
}

function actIn(page: Page): (act: Act) => Promise<unknown> {
  return (act) =>
    page.evaluate(
      `(${String(act)})(client).catch((error) => error.code?.length > 0 ? error.code : error.name)`,
    )
}

const enter: Act = async (client) => {
  const account = { username: 'ada', password: 'a long enough phrase 7' }
  await client.register(account)
  await client.login(account)
  return (await client.passkeys.add({ name: 'Laptop' })).name
}

const loginAgain: Act = async (client) => {
  await client.logout()
  const account = { username: 'ada', password: 'a long enough phrase 7' }
  const missing = await client.login(account).catch((error: unknown) => error)
  const { code, factors, mfaToken } = missing as {
    code: string
    factors: string[]
    mfaToken: string
  }
  const { username } = await client.passkeys.proveSecondFactor(mfaToken)
  return [code, factors, username]
}

const enterWithPasskey: Act = async (client) => {
  const account = { username: 'ada', password: 'a long enough phrase 7' }
  await client.register(account)
  const missing = await client.login(account).catch((error: unknown) => error)
  const { code, mfaToken } = missing as { code: string; mfaToken: string }
  const { kind } = await client.passkeys.add({ mfaToken })
  return [code, kind, client.user?.username, (await client.fetch('/api/users')).status]
}

const removePasskey: Act = async (client) => {
  const listed = await client.fetch('/api/auth/mfa/factors')
  const { factors } = (await listed.json()) as { factors: { id: string }[] }
  const path = `/api/auth/mfa/factors/${factors[0]?.id}`
  return (await client.fetch(path, { method: 'DELETE' })).status
}

describe('passkeys in a browser', { skip: withoutBrowser }, () => {
  test('are added, go on with the session, and are the whole log-in', async (t) => {
    const { act, cdp, authenticatorId } = await setUp(t)
    assert.equal(await act(enter), 'Laptop')
    assert.equal(await act(async (client) => (await client.fetch('/api/users')).status), 200)
    const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId })
    assert.deepEqual(
      credentials.map(({ isResidentCredential, rpId }) => [isResidentCredential, rpId]),
      [[true, 'localhost']],
    )
    assert.equal(await act((client) => client.passkeys.add()), 'InvalidStateError', 'a second time')
    await act((client) => client.logout())
    assert.equal(await act(async (client) => (await client.passkeys.login()).username), 'ada')
    assert.equal(await act(async (client) => (await client.fetch('/api/users')).status), 200)
  })

  test('stand in the autofill of a field', async (t) => {
    const { act, page } = await setUp(t)
    await act(enter)
    await act((client) => client.logout())
    await page.reload()
    assert.equal(await act((client) => client.passkeys.canAutofill()), true)
    const user = await act((client) => client.passkeys.login({ mediation: 'conditional' }))
    assert.equal((user as { username: string }).username, 'ada')
    assert.equal(await act(async (client) => (await client.fetch('/api/users')).status), 200)
  })

  test('end the wait of the autofill when something else is asked', async (t) => {
    const { act, cdp, authenticatorId } = await setUp(t)
    await act(enter)
    await act((client) => client.logout())
    await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: false })
    const waiting = act((client) => client.passkeys.login({ mediation: 'conditional' }))
    await act(async (client) => {
      // Until the browser waits, too.
      while (
        !performance.getEntriesByName(`${location.origin}/api/auth/passkeys/login/options`).length
      )
        await new Promise((resolve) => setTimeout(resolve, 5))
      void client.passkeys.login().catch(() => undefined)
    })
    assert.equal(await waiting, 'AbortError')
  })

  test('complete a log-in with the password, and prove again who one is', async (t) => {
    const { act } = await setUp(t)
    await act(enter)
    assert.deepEqual(await act(loginAgain), ['mfa_required', ['passkey'], 'ada'])
    const before = await act((client) => client.accessToken())
    assert.equal(await act(async (client) => (await client.passkeys.stepUp()).username), 'ada')
    assert.notEqual(await act((client) => client.accessToken()), before)
  })

  test('complete the log-in of whom the policy asks for one', async (t) => {
    const { act } = await setUp(t, { secondFactor: 'required' })
    assert.deepEqual(await act(enterWithPasskey), [
      'mfa_enrollment_required',
      'passkey',
      'ada',
      200,
    ])
  })

  test('log nobody in whose user was not verified, or that were removed', async (t) => {
    const { act, cdp, authenticatorId } = await setUp(t)
    await act(enter)
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
    assert.equal(await act((client) => client.passkeys.login()), 'NotAllowedError')
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true })
    assert.equal(await act(removePasskey), 200)
    assert.equal(await act((client) => client.passkeys.login()), 'invalid_credentials')
  })

  test('do what the document says', async (t) => {
    const written = {
      html: `<!doctype html><title>Passkeys</title>
        ${findBlock('docs/passkeys.md', 'html', 'webauthn')}
        <script type="module" src="/client.js"></script>`,
      script: findBlock('docs/passkeys.md', 'js', 'createClient'),
    }
    const { page, cdp, authenticatorId, context } = await setUp(t, {}, written)
    const hear = (text: string) =>
      page.waitForEvent('console', (message) => message.text() === text)
    await page.evaluate(async () => {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ username: 'ada', password: 'a long enough phrase 7' })
      for (const path of ['/api/auth/register', '/api/auth/login']) {
        await fetch(path, { method: 'POST', headers, body })
      }
    })
    await Promise.all([hear('Hello ada'), page.reload()])
    await page.click('#add')
    await until(async () => {
      const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId })
      return credentials.length === 1
    }, 'the passkey')
    await page.waitForLoadState('networkidle')
    await context.clearCookies()
    await Promise.all([hear('Hello ada'), page.reload()])
    await context.clearCookies()
    const simulate = (enabled: boolean) =>
      cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })
    await simulate(false)
    const asked = page.waitForResponse(/login\/options$/)
    await page.reload()
    await asked
    await simulate(true)
    await Promise.all([hear('Hello ada'), page.click('#enter')])
  })

  test('are of use at no other origin', async (t) => {
    const { act, auth } = await setUp(t, {
      passkeyOrigins: 'http://localhost:1',
    })
    assert.equal(await act(enter), 'invalid_passkey')
    assert.equal((await auth.accounts.find('ada'))?.username, 'ada')
  })
})
