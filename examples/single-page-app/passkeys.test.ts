// The example with a passkey in place of the password, in a real browser with a virtual authenticator.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { test } from 'node:test'
import { createCountersign } from '@countersign/server'
import {
  addAuthenticator,
  openProfile,
  withoutBrowser,
} from '../../packages/server/src/documentation/browser.fixture.ts'
import { createApplication } from './application.ts'
import { bundlePage } from './bundle-page.ts'
import { enter, shows } from './site.fixture.ts'

test('a passkey logs in', { skip: withoutBrowser }, async (t) => {
  let listener: RequestListener | undefined
  const server = createServer((request, response) => listener?.(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address)
  // Passkeys are for names, not for addresses.
  const publicUrl = `http://localhost:${address.port}`
  const auth = await createCountersign({ databaseUrl: 'sqlite::memory:', publicUrl })
  listener = createApplication(auth, await bundlePage())
  t.after(async () => {
    server.close()
    server.closeAllConnections()
    await auth.close()
  })
  const context = await openProfile(t)
  const page = await context.newPage()
  const cdp = await context.newCDPSession(page)
  const authenticatorId = await addAuthenticator(cdp)
  await page.goto(publicUrl)
  await enter(page, 'Register and log in')
  await shows([page], 'ada')
  await page.click('text="Add a passkey"')
  await page.waitForSelector('#answer:text-is("Added: This device")')
  await page.click('text="Log out"')
  await shows([page], 'Nobody is signed in.')
  await page.click('text="Log in with a passkey"')
  await shows([page], 'ada')
  await page.click('text="Call the API"')
  await page.waitForSelector('#answer:text-is("Good day, ada")')
  await page.click('text="Log out"')
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
  await page.click('text="Log in with a passkey"')
  await page.waitForSelector('#problem:not(:empty)')
  assert.equal(await page.innerText('#user'), 'Nobody is signed in.')
})
