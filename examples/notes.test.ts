// The same small application on three frameworks: what a user of the library sees is the same on each.

import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import {
  bearer,
  createSite,
  logIn,
  password,
  type Site,
  signUp,
} from '../packages/server/src/library.fixture.ts'
import { launch, type Running } from './process.fixture.ts'

interface Notes extends Running {
  visit(): Site
}

async function open(
  t: TestContext,
  name: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Notes> {
  const running = await launch(t, {
    script: `${name}/server.ts`,
    ready: /The notes are open/,
    variables: { ADMIN_USERNAME: 'root', ADMIN_PASSWORD: password, ...variables },
  })
  return { ...running, visit: () => createSite(running.url, fetch) }
}

for (const name of ['fastify-api', 'hono-api', 'node-http']) {
  describe(`notes on ${name}`, () => {
    test('keep each user’s own, and open statistics to administrators alone', async (t) => {
      const notes = await open(t, name)
      const site = notes.visit()
      assert.equal((await site.call('GET', '/notes')).json().message, 'No token provided')
      const ada = await signUp(site, 'ada')
      const made = await site.call('POST', '/notes', {
        body: { text: 'tea' },
        ...bearer(ada.token),
      })
      assert.equal(made.status, 201, made.text)
      const bob = await signUp(notes.visit(), 'bob')
      assert.equal((await site.call('GET', '/notes', bearer(ada.token))).json().notes.length, 1)
      assert.equal((await site.call('GET', '/notes', bearer(bob.token))).json().notes.length, 0)
      assert.equal((await site.call('GET', '/statistics', bearer(ada.token))).status, 403)
      const root = await logIn(notes.visit(), 'root')
      assert.equal((await site.call('GET', '/statistics', bearer(root.token))).json().notes, 1)
    })

    test('cookies, CSRF and refresh work, and a log-out counts at once', async (t) => {
      const notes = await open(t, name)
      const site = notes.visit()
      const { csrfToken } = await signUp(site, 'ada')
      assert.equal((await site.call('POST', '/api/auth/refresh')).status, 403)
      const headers = { 'x-csrf-token': csrfToken }
      const refreshed = await site.call('POST', '/api/auth/refresh', { headers })
      assert.equal(refreshed.status, 200)
      const { token } = refreshed.json()
      assert.equal((await site.call('POST', '/api/auth/logout', { headers })).status, 204)
      assert.equal((await site.call('GET', '/notes', bearer(token))).status, 401)
    })

    test('the application keeps its own 404, errors and body parsing', async (t) => {
      const notes = await open(t, name)
      const site = notes.visit()
      const { token } = await signUp(site, 'ada')
      assert.deepEqual((await site.call('GET', '/nothing')).json(), { message: 'No such page' })
      const headers = { ...bearer(token).headers, 'content-type': 'application/json' }
      assert.equal((await site.call('POST', '/notes', { body: '{"text":', headers })).status, 400)
      const odd = { body: '{"username":"x","username":"y"}', headers }
      const refused = await site.call('POST', '/api/auth/login', odd)
      assert.equal(refused.status, 400, 'ours stays strict beside a lenient parser')
      assert.match(refused.headers.get('content-type') ?? '', /^application\/problem\+json/)
    })

    test('under a prefix, behind a proxy: the caller’s address is the one that the proxy names', async (t) => {
      const notes = await open(t, name, {
        PREFIX: '/shop',
        TRUSTED_PROXIES: '1',
        TRUSTED_PROXY: '127.0.0.1',
      })
      const site = notes.visit()
      await signUp(site, 'ada', '/shop/api')
      const headers = { 'x-forwarded-for': '198.51.100.7' }
      const body = { username: 'ada', password }
      assert.equal((await site.call('POST', '/shop/api/auth/login', { body, headers })).status, 200)
      await notes.stop()
      const database = new DatabaseSync(join(notes.directory, 'accounts.db'), { readOnly: true })
      const newest = database
        .prepare(
          "SELECT ip FROM audit_events WHERE type = 'sign_in.succeeded' ORDER BY id DESC LIMIT 1",
        )
        .get()
      database.close()
      assert.equal(newest?.['ip'], '198.51.100.7')
    })

    test('a stream passes: the revocation feed arrives as it happens', async (t) => {
      const notes = await open(t, name)
      await notes.stop()
      const credential = await addService(notes)
      await notes.restart()
      const authorization = `Basic ${Buffer.from(`${credential.id}:${credential.secret}`).toString('base64')}`
      const stopped = new AbortController()
      const stream = await fetch(`${notes.url}/api/auth/revocations`, {
        headers: { authorization, accept: 'text/event-stream' },
        signal: stopped.signal,
      })
      assert.equal(stream.status, 200)
      const site = notes.visit()
      const { token } = await signUp(site, 'ada')
      let events = 0
      for await (const part of stream.body ?? []) {
        events += new TextDecoder().decode(part).split('event: revocations').length - 1
        if (events === 1) await site.call('POST', '/api/auth/logout-all', bearer(token))
        if (events >= 2) break
      }
      stopped.abort()
      assert.ok(events >= 2)
    })
  })
}

async function addService({ directory }: Running): Promise<{ id: string; secret: string }> {
  const { createCountersign } = await import('@countersign/server')
  const auth = await createCountersign({ databaseUrl: `sqlite:${directory}/accounts.db` })
  const added = await auth.services.add('reader')
  await auth.close()
  assert.ok(added.ok)
  return { id: added.service.id, secret: added.secret }
}
