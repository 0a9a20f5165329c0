import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { createVerifier } from '@countersign/verify'
import { type Countersign, createCountersign } from '../create-countersign.ts'

const password = 'a long enough phrase 7'
const pageType = 'application/countersign-revocations+jwt'

interface Service {
  readonly url: string
  readonly auth: Countersign
  readonly authorization: string
  readonly credential: { readonly id: string; readonly secret: string }
  logIn(name?: string): Promise<{ token: string; refreshToken: string }>
  call(path: string, headers?: Record<string, string>, body?: string): Promise<Response>
}

describe('the revocation feed', () => {
  test('is for services: every other caller gets a 401 and a challenge', async (t) => {
    const service = await start(t)
    const { token } = await service.logIn()
    const wrong = basic(service.credential.id, 'wrong')
    const attempts = ['', `Bearer ${token}`, 'Basic', 'Basic !!', 'Basic Og==', wrong]
    const others = [basic('', service.credential.secret), basic('x', service.credential.secret)]
    for (const path of ['/api/auth/revocations', '/api/auth/introspect']) {
      for (const authorization of [...attempts, ...others]) {
        const answer = await service.call(
          path,
          { authorization },
          path.endsWith('t') ? 'token=x' : undefined,
        )
        assert.equal(answer.status, 401, `${path} ${authorization}`)
        assert.equal(answer.headers.get('www-authenticate'), 'Basic realm="countersign"')
        assert.equal((await answer.json()).code, 'invalid_service_credential')
      }
    }
  })

  test('lets no guesser try for ever', async (t) => {
    const service = await start(t, { rateLimitAnonymous: '5/15m' })
    const guess = { authorization: basic(service.credential.id, 'guess') }
    const statuses = []
    for (let index = 0; index < 7; index++) {
      statuses.push((await service.call('/api/auth/revocations', guess)).status)
    }
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429])
    const { authorization } = service
    assert.equal((await service.call('/api/auth/revocations', { authorization })).status, 200)
  })

  test('tells people as JSON what was revoked, and goes on from the cursor', async (t) => {
    const service = await start(t)
    const { authorization } = service
    const read = async (cursor?: string) =>
      (await (
        await service.call(`/api/auth/revocations${cursor ? `?cursor=${cursor}` : ''}`, {
          authorization,
        })
      ).json()) as { entries: { session?: string; subject?: string; at: string }[]; cursor: string }
    assert.deepEqual((await read()).entries, [])
    const { token } = await service.logIn()
    await logOut(service, token)
    const { entries, cursor } = await read()
    assert.equal(entries.length, 1)
    assert.equal(entries[0]?.session, claimsOf(token).sid)
    assert.match(entries[0]?.at ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    const ada = await service.auth.accounts.find('ada')
    await service.auth.accounts.setDisabled(ada?.id ?? '', true)
    const next = await read(cursor)
    assert.ok(next.entries.some(({ subject }) => subject === ada?.id))
  })

  test('refuses a cursor that cannot be one, and begins anew with one that it does not know', async (t) => {
    const service = await start(t)
    const headers = { authorization: service.authorization, accept: pageType }
    const odd = ['x'.repeat(513), 'a b', '%00', 'a/b', '{"$gt":""}']
    for (const cursor of odd) {
      const path = `/api/auth/revocations?cursor=${encodeURIComponent(cursor)}`
      assert.equal((await service.call(path, headers)).status, 400, cursor)
    }
    for (const cursor of ['unknown', '99.x', '0', '1.2.3.z-', '9'.repeat(17)]) {
      const answer = await service.call(`/api/auth/revocations?cursor=${cursor}`, headers)
      assert.equal(answer.status, 200, cursor)
      assert.equal(payloadOf(await answer.text()).from, null, cursor)
    }
    const twice = await service.call('/api/auth/revocations?cursor=1&cursor=2', headers)
    assert.equal(twice.status, 400)
  })

  test('sends the same page within a heartbeat, and a 304 to who has it', async (t) => {
    const service = await start(t)
    const headers = { authorization: service.authorization, accept: pageType }
    const first = await service.call('/api/auth/revocations', headers)
    const etag = first.headers.get('etag') ?? ''
    assert.equal(first.headers.get('content-type'), pageType)
    const page = await first.text()
    assert.equal(await (await service.call('/api/auth/revocations', headers)).text(), page)
    const known = { ...headers, 'if-none-match': etag }
    assert.equal((await service.call('/api/auth/revocations', known)).status, 304)
    const { token } = await service.logIn()
    await logOut(service, token)
    const news = await service.call('/api/auth/revocations', known)
    assert.equal(news.status, 200, 'what was revoked is never held back')
  })

  test('lets a cache keep the signed page and ask each time, and nobody the others', async (t) => {
    const service = await start(t, { clientOrigin: 'https://app.example.com' })
    const { authorization } = service
    const read = (accept: string, more: Record<string, string> = {}) =>
      service.call('/api/auth/revocations', { authorization, accept, ...more })
    const kept = 'no-cache, must-revalidate'
    const types = [
      ['application/json', 'no-store'],
      ['text/event-stream', 'no-store'],
      [pageType, kept],
    ]
    for (const [accept = '', directives] of types) {
      for (const origin of ['https://app.example.com', 'https://evil.test']) {
        const answer = await read(accept, { origin })
        await answer.body?.cancel()
        assert.equal(answer.headers.get('vary'), 'Origin, Accept, Authorization', accept)
        assert.equal(answer.headers.get('cache-control'), directives, accept)
      }
    }
    const document = await service.auth.fetch(new Request(`${service.url}/openapi.json`))
    const { paths } = await document.json()
    const described = paths['/api/auth/revocations'].get.responses
    assert.deepEqual(
      new Set(Object.keys(described['200'].content)),
      new Set(types.map(([accept]) => accept)),
    )
    assert.ok('304' in described)
    const etag = (await read(pageType)).headers.get('etag') ?? ''
    for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, `"other" , W/${etag}`, '*']) {
      const answer = await read(pageType, { 'if-none-match': tags })
      assert.equal(answer.status, 304, tags)
      assert.equal(answer.headers.get('etag'), etag)
      assert.equal(answer.headers.get('cache-control'), kept)
      assert.equal(answer.headers.get('vary'), 'Origin, Accept, Authorization')
    }
    for (const tags of ['"other"', etag.slice(1, -1), `${etag.slice(0, -1)}x"`, '']) {
      assert.equal((await read(pageType, { 'if-none-match': tags })).status, 200, tags)
    }
    // What a cache holds is given to nobody whom we would not give it to.
    const stranger = { authorization: basic(service.credential.id, 'x'), 'if-none-match': etag }
    const refused = await read(pageType, stranger)
    assert.equal(refused.status, 401)
    assert.equal(refused.headers.get('cache-control'), 'no-store')
  })

  test('chains a long list over pages of ten thousand, each entry once', async (t) => {
    let now = 1_800_000_000_000
    const service = await start(t, { clock: () => now })
    const sessions = await endManySessions(service, 25_000, () => (now += 1))
    const headers = { authorization: service.authorization, accept: pageType }
    const found: string[] = []
    let cursor = ''
    for (let pages = 0, more = true; more; pages++) {
      assert.ok(pages < 3)
      const path = `/api/auth/revocations${cursor && `?cursor=${cursor}`}`
      const page = payloadOf(await (await service.call(path, headers)).text())
      assert.equal(page.from, cursor || null, 'nobody can leave a page out')
      found.push(...page.entries.map(({ session }) => session ?? ''))
      ;({ cursor, more } = page)
    }
    assert.equal(found.length, 25_000)
    assert.deepEqual(new Set(found), new Set(sessions))
  })
})

describe('a service with @countersign/verify', () => {
  for (const follow of ['stream', 'poll'] as const) {
    test(`refuses a token soon after its log-out (${follow})`, async (t) => {
      const service = await start(t)
      const verifier = follower(t, service, { follow })
      await verifier.ready()
      const { token } = await service.logIn()
      assert.equal((await verifier.verify(token)).ok, true)
      await logOut(service, token)
      await until(async () => !(await verifier.verify(token)).ok)
      assert.deepEqual(await verifier.verify(token), { ok: false, reason: 'revoked' })
    })
  }

  test('hears of everything that kills tokens, and of nothing else', async (t) => {
    const service = await start(t)
    const verifier = follower(t, service)
    await verifier.ready()
    const acts: Record<string, (id: string) => Promise<unknown>> = {
      role: (id) => service.auth.accounts.setRole(id, 'admin'),
      disable: (id) => service.auth.accounts.setDisabled(id, true),
      password: (id) => service.auth.accounts.setPassword(id, 'another phrase 4711'),
      delete: (id) => service.auth.accounts.delete(id),
    }
    const bystander = await service.logIn('bystander')
    for (const [name, act] of Object.entries(acts)) {
      const { token } = await service.logIn(name)
      assert.equal((await verifier.verify(token)).ok, true, name)
      await act(claimsOf(token).sub)
      await until(async () => !(await verifier.verify(token)).ok)
    }
    assert.equal((await verifier.verify(bystander.token)).ok, true)
  })

  test('catches up without a gap after the issuer was restarted', async (t) => {
    const service = await start(t)
    const { token } = await service.logIn()
    const bystander = await service.logIn('bystander')
    const verifier = follower(t, service)
    await verifier.ready()
    await service.restart(async (auth) => {
      const answer = await auth.fetch(
        new Request('http://x/api/auth/logout', {
          method: 'POST',
          headers: { authorization: `Bearer ${token}` },
        }),
      )
      assert.equal(answer.status, 204)
    })
    await until(async () => !(await verifier.verify(token)).ok)
    assert.equal((await verifier.verify(bystander.token)).ok, true)
  })

  test('loses its streams when its credential is removed', async (t) => {
    const service = await start(t)
    const headers = { authorization: service.authorization, accept: 'text/event-stream' }
    const answer = await service.call('/api/auth/revocations', headers)
    assert.equal(answer.headers.get('content-type'), 'text/event-stream')
    await service.auth.services.remove('billing')
    let text = ''
    for await (const part of answer.body ?? []) text += new TextDecoder().decode(part)
    assert.match(text, /^event: revocations\nid: \d+\ndata: [\w.-]+\n\n$/, 'no heartbeat after it')
    assert.equal((await service.call('/api/auth/revocations', headers)).status, 401)
  })
})

describe('introspection', () => {
  test('tells the claims of a good token, and nothing of any other (RFC 7662)', async (t) => {
    const service = await start(t)
    const { token, refreshToken } = await service.logIn()
    const ask = async (text: string) => {
      const type = { 'content-type': 'application/x-www-form-urlencoded' }
      const headers = { authorization: service.authorization, ...type }
      const answer = await service.call('/api/auth/introspect', headers, text)
      assert.equal(answer.headers.get('cache-control'), 'no-store')
      return { status: answer.status, body: await answer.json() }
    }
    const good = await ask(`token=${token}&token_type_hint=refresh_token`)
    assert.deepEqual(good.body, {
      ...claimsOf(token),
      active: true,
      token_type: 'Bearer',
      username: 'ada',
    })
    for (const text of [refreshToken, 'x', `${token}x`, 'Bearer%20x', '%20']) {
      assert.deepEqual(await ask(`token=${text}`), { status: 200, body: { active: false } }, text)
    }
    await logOut(service, token)
    assert.deepEqual((await ask(`token=${token}`)).body, { active: false })
    assert.equal((await ask('')).status, 400)
    assert.equal((await ask(`token=${token}&token=x`)).status, 400)
  })

  test('takes a form and nothing else', async (t) => {
    const service = await start(t)
    const headers = { authorization: service.authorization, 'content-type': 'application/json' }
    assert.equal((await service.call('/api/auth/introspect', headers, '{"token":"x"}')).status, 415)
  })
})

interface Restartable extends Service {
  /** Closes the server, lets another process act, and opens it again on the same port. */
  restart(meanwhile: (auth: Countersign) => Promise<void>): Promise<void>
}

async function start(t: TestContext, more: object = {}): Promise<Restartable> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-feed-'))
  const holder: { auth?: Countersign } = {}
  const server = createServer((request, response) => holder.auth?.handler(request, response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const options = {
    databaseUrl: `sqlite:${join(directory, 'countersign.db')}`,
    publicUrl: url,
    rateLimitAnonymous: '100000/1m',
    ...more,
  }
  const auth = await createCountersign(options)
  holder.auth = auth
  const added = await auth.services.add('billing')
  assert.ok(added.ok)
  const credential = { id: added.service.id, secret: added.secret }
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await holder.auth?.close()
    rmSync(directory, { recursive: true })
  })
  const call: Service['call'] = (path, headers = {}, body) =>
    fetch(url + path, { headers, ...(body !== undefined && { method: 'POST', body }) })
  return {
    url,
    auth,
    credential,
    authorization: basic(credential.id, credential.secret),
    call,
    logIn: async (name = 'ada') => {
      await holder.auth?.accounts.create({ username: name, password })
      const body = JSON.stringify({ username: name, password, delivery: 'body' })
      const json = { 'content-type': 'application/json' }
      return (await call('/api/auth/login', json, body)).json() as never
    },
    restart: async (meanwhile) => {
      await holder.auth?.close()
      server.closeAllConnections()
      delete holder.auth
      const other = await createCountersign(options)
      await meanwhile(other)
      await other.close()
      holder.auth = await createCountersign(options)
    },
  }
}

function follower(t: TestContext, service: Service, more: object = {}) {
  const { url, credential } = service
  const revocations = { credential, onStale: 'refuse' as const, ...more }
  const verifier = createVerifier({ issuer: url, audience: url, revocations })
  t.after(() => verifier.close())
  return verifier
}

async function logOut(service: Service, token: string): Promise<void> {
  const answer = await service.call('/api/auth/logout', { authorization: `Bearer ${token}` }, '')
  assert.equal(answer.status, 204)
}

/** Sessions are ended as theft ends them, without a log-in for each. */
async function endManySessions(
  service: Service,
  count: number,
  tick: () => number,
): Promise<string[]> {
  const { token } = await service.logIn()
  const { DatabaseSync } = await import('node:sqlite')
  assert.equal(service.auth.settings.database.kind, 'sqlite')
  const { file } = service.auth.settings.database as { file: string }
  const database = new DatabaseSync(file, { timeout: 5_000 })
  const insert = database.prepare(
    `INSERT INTO sessions SELECT ?, user_id, salt, generation, parent, rotated_at, created_at, last_used_at, ?, 'theft',
     epoch, user_agent, ip, amr, authenticated_at FROM sessions WHERE id = ?`,
  )
  const ids: string[] = []
  database.exec('BEGIN')
  for (let index = 0; index < count; index++) {
    const id = `session-${String(index).padStart(6, '0')}`
    insert.run(id, tick(), claimsOf(token).sid)
    ids.push(id)
  }
  database.exec('COMMIT')
  database.close()
  const headers = { authorization: service.authorization }
  await until(async () => {
    tick()
    const answer = await service.call('/api/auth/revocations', headers)
    return ((await answer.json()) as { entries: unknown[] }).entries.length === 10_000
  })
  return ids
}

interface Payload {
  readonly from: string | null
  readonly cursor: string
  readonly more: boolean
  readonly entries: readonly { readonly session?: string }[]
}

function payloadOf(page: string): Payload {
  return JSON.parse(Buffer.from(page.split('.')[1] ?? '', 'base64url').toString()) as Payload
}

function claimsOf(token: string): { sub: string; sid: string } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as never
}

function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}
