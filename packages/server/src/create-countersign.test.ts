import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import type { AuditEvent } from './audit/event.ts'
import type { CountersignOptions } from './config/options.ts'
import { type Countersign, createCountersign } from './create-countersign.ts'
import type { Hooks } from './library/hooks.ts'
import { bearer, createSite, openLibrary, password, signUp } from './library.fixture.ts'

describe('accounts in process', () => {
  test('are made, found by id and by name, listed and deleted', async (t) => {
    const { accounts } = await openLibrary(t, { registration: 'closed' })
    const made = await accounts.create({ username: 'Ada', password, email: 'ada@example.org' })
    assert.ok(made.ok)
    const { id } = made.account
    assert.equal(made.account.role, 'user')
    assert.deepEqual(await accounts.find(id), made.account)
    assert.deepEqual(await accounts.find('ADA'), made.account)
    assert.equal(await accounts.find('bob'), undefined)
    await accounts.create({ username: 'bob', password })
    const names = (await accounts.list()).map(({ username }) => username)
    assert.deepEqual(names, ['Ada', 'bob'])
    assert.deepEqual((await accounts.list({ limit: 1, afterId: id })).length, 1)
    assert.deepEqual((await accounts.list({ q: 'AD' })).length, 1)
    assert.deepEqual(await accounts.delete(id), { ok: true })
    assert.equal(await accounts.find(id), undefined)
  })

  test('show no hash and no epoch', async (t) => {
    const { accounts } = await openLibrary(t)
    const made = await accounts.create({ username: 'ada', password })
    assert.ok(made.ok)
    const members = 'createdAt disabled id role roles updatedAt username'
    assert.equal(Object.keys(made.account).sort().join(' '), members)
  })

  test('are refused with a reason and a message, and never thrown', async (t) => {
    const { accounts } = await openLibrary(t, { passwordCommon: 'refuse' })
    await accounts.create({ username: 'ada', password })
    const cases = [
      [{ username: 'ADA', password }, 'username_taken'],
      [{ username: 'a b', password }, 'invalid_username'],
      [{ username: 'bob', password: 'short' }, 'weak_password'],
      [{ username: 'bob', password: 'password1' }, 'weak_password'],
      [{ username: 'bob', password, email: 'nowhere' }, 'invalid_email'],
      [{ username: 'bob', password, role: 'king' }, 'unknown_role'],
    ] as const
    for (const [wish, reason] of cases) {
      const result = await accounts.create(wish)
      assert.equal(result.ok ? 'made' : result.reason, reason)
      assert.match(result.ok ? '' : result.message, /\.$/)
    }
    assert.equal((await accounts.list()).length, 1)
  })

  test('take effect at once on tokens and sessions', async (t) => {
    const auth = await openLibrary(t)
    const site = inProcess(auth)
    const first = await signUp(site, 'ada')
    const { id } = (await auth.accounts.find('ada')) ?? { id: '' }
    assert.ok((await auth.accounts.setPassword(id, 'another phrase 4711')).ok)
    assert.equal((await site.call('GET', '/api/users', bearer(first.token))).status, 401)
    assert.equal(auth.verifier.verify(first.token).ok, false)
    const csrf = { headers: { 'x-csrf-token': first.csrfToken } }
    assert.equal((await site.call('POST', '/api/auth/refresh', csrf)).status, 401)
    assert.equal((await auth.authenticate(`Bearer ${first.token}`)).ok, false)
  })

  test('keep the last administrator', async (t) => {
    const { accounts } = await openLibrary(t)
    const root = await accounts.create({ username: 'root', password, role: 'admin' })
    assert.ok(root.ok)
    for (const result of [
      await accounts.setRole(root.account.id, 'user'),
      await accounts.setDisabled(root.account.id, true),
      await accounts.delete(root.account.id),
    ]) {
      assert.equal(result.ok ? 'done' : result.reason, 'last_admin')
    }
    assert.equal((await accounts.find('root'))?.role, 'admin')
  })
})

describe('the claims hook', () => {
  test('adds claims to every token, at log-in and at refresh', async (t) => {
    const seen: string[] = []
    const auth = await openLibrary(t, {
      claims: ({ account, session }) => {
        seen.push(session.id)
        return { plan: account.username === 'ada' ? 'gold' : 'none', flags: { beta: true } }
      },
    })
    const site = inProcess(auth)
    const { token, csrfToken } = await signUp(site, 'ada')
    const headers = { 'x-csrf-token': csrfToken }
    const refreshed = (await site.call('POST', '/api/auth/refresh', { headers })).json()
    for (const text of [token, refreshed.token]) {
      const verification = auth.verifier.verify(text)
      assert.ok(verification.ok)
      assert.equal(verification.claims['plan'], 'gold')
      assert.deepEqual(verification.claims['flags'], { beta: true })
      assert.deepEqual(seen, [verification.claims.sid, verification.claims.sid])
    }
  })

  test('is shown no hash and no epoch', async (t) => {
    let shown = ''
    const auth = await openLibrary(t, {
      claims: (subject) => {
        shown = JSON.stringify(subject)
        return {}
      },
    })
    await signUp(inProcess(auth), 'ada')
    assert.match(shown, /"username":"ada"/)
    assert.doesNotMatch(shown, /hash|epoch|salt|argon/i)
  })

  const refused: Record<string, () => unknown> = {
    'a reserved name': () => ({ sub: 'somebody-else' }),
    'a name that grants': () => ({ roles: ['admin'] }),
    'no object': () => 'gold',
    'a list': () => ['gold'],
    'too much': () => ({ note: 'x'.repeat(9_000) }),
    'a throw': () => {
      throw new Error('the plan cannot be found')
    },
  }
  for (const [what, claims] of Object.entries(refused)) {
    test(`that returns ${what} fails the log-in and leaves no session`, async (t) => {
      const events: string[] = []
      const auth = await openLibrary(t, {
        claims: claims as NonNullable<Hooks['claims']>,
        onEvent: ({ type }) => void events.push(type),
      })
      const site = inProcess(auth)
      const body = { username: 'ada', password }
      await site.call('POST', '/api/auth/register', { body })
      const answer = await site.call('POST', '/api/auth/login', { body })
      assert.equal(answer.status, 500)
      assert.equal(answer.json().message, 'Internal server error')
      assert.doesNotMatch(answer.text, /plan|hook/)
      assert.deepEqual(events, ['account.registered'])
    })
  }
})

describe('the onEvent hook', () => {
  test('hears of registration, log-in, failure, theft and log-out, in order', async (t) => {
    const events: AuditEvent[] = []
    let now = Date.now()
    const auth = await openLibrary(t, {
      clock: () => now,
      onEvent: (event) => void events.push(event),
    })
    const site = inProcess(auth, { 'user-agent': 'test' })
    const body = { username: 'ada', password, delivery: 'body' }
    await site.call('POST', '/api/auth/register', { body: { username: 'ada', password } })
    await site.call('POST', '/api/auth/login', { body: { ...body, password: 'wrong' } })
    const first = (await site.call('POST', '/api/auth/login', { body })).json()
    const refresh = (refreshToken: string) =>
      site.call('POST', '/api/auth/refresh', { body: { refreshToken } })
    const second = (await refresh(first.refreshToken)).json()
    const third = (await refresh(second.refreshToken)).json()
    now += 3_600_000
    assert.equal((await refresh(first.refreshToken)).status, 401)
    assert.equal((await refresh(third.refreshToken)).status, 401)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['account.registered', 'sign_in.failed', 'sign_in.succeeded', 'session.theft'],
    )
    const [registered, failed, , theft] = events
    assert.equal(registered?.subjectId, theft?.subjectId)
    assert.equal(failed?.detail['reason'], 'wrong_password')
    assert.equal(theft?.at, now)
    assert.equal(theft?.userAgent, 'test')
    assert.doesNotMatch(JSON.stringify(events), new RegExp(`${password}|${third.token}`))
  })

  test('that throws or rejects changes nothing, and is logged', async (t) => {
    for (const onEvent of [
      () => {
        throw new Error('no mail server')
      },
      () => Promise.reject(new Error('no mail server')),
    ]) {
      const logged: string[] = []
      const note = (_fields: object, message?: string) => void logged.push(message ?? '')
      const logger = { debug: note, info: note, warn: note, error: note }
      const auth = await openLibrary(t, { onEvent, logger })
      await signUp(inProcess(auth), 'ada')
      assert.ok(logged.includes('The onEvent hook failed'))
    }
  })
})

describe('roles', () => {
  test('are those of the option, and the first is what a new account gets', async (t) => {
    const auth = await openLibrary(t, { roles: ['customer', 'clerk', 'admin'] })
    const site = inProcess(auth)
    const { token } = await signUp(site, 'ada')
    const verification = auth.verifier.verify(token)
    assert.deepEqual(verification.ok && verification.claims['roles'], ['customer'])
    const ada = await auth.accounts.find('ada')
    const raised = await auth.accounts.setRole(ada?.id ?? '', 'clerk')
    assert.ok(raised.ok && raised.account.role === 'clerk')
    const unknown = await auth.accounts.setRole(ada?.id ?? '', 'user')
    assert.equal(unknown.ok ? 'set' : unknown.reason, 'unknown_role')
  })
})

describe('several in one process', () => {
  test('share nothing: no account, no token, no event', async (t) => {
    const events: string[] = []
    const note = (name: string) => (event: AuditEvent) => void events.push(`${name} ${event.type}`)
    const shop = await openLibrary(t, { onEvent: note('shop'), publicUrl: 'http://localhost:4001' })
    const blog = await openLibrary(t, { onEvent: note('blog'), publicUrl: 'http://localhost:4002' })
    const { token } = await signUp(inProcess(shop), 'ada')
    assert.equal((await inProcess(blog).call('GET', '/api/users', bearer(token))).status, 401)
    assert.equal(blog.verifier.verify(token).ok, false)
    assert.equal(await blog.accounts.find('ada'), undefined)
    assert.ok(events.every((event) => event.startsWith('shop ')))
    assert.match(await blog.metrics(), /countersign_live_revocations 0/)
  })

  test('on one database see the same accounts and honour each other’s tokens', async (t) => {
    const databaseUrl = `sqlite:${join(temporaryDirectory(t), 'shared.db')}`
    const one = await openLibrary(t, { databaseUrl })
    const two = await openLibrary(t, { databaseUrl })
    const { token } = await signUp(inProcess(one), 'ada')
    assert.equal((await inProcess(two).call('GET', '/api/users', bearer(token))).status, 200)
    const ada = await two.accounts.find('ada')
    await two.accounts.setDisabled(ada?.id ?? '', true)
    assert.equal((await inProcess(one).call('GET', '/api/users', bearer(token))).status, 401)
  })
})

describe('close', () => {
  test('lets running requests finish and keeps what they did', async (t) => {
    const databaseUrl = `sqlite:${join(temporaryDirectory(t), 'closing.db')}`
    const auth = await createCountersign({ databaseUrl })
    const site = inProcess(auth)
    const names = ['ada', 'bob', 'cleo', 'dan']
    const running = names.map((username) =>
      site.call('POST', '/api/auth/register', { body: { username, password } }),
    )
    await auth.close()
    const answers = await Promise.all(running)
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 201, 201, 201],
    )
    const again = await openLibrary(t, { databaseUrl })
    assert.equal((await again.accounts.list()).length, 4)
  })

  test('may be asked twice, also at once', async (t) => {
    const auth = await openLibrary(t)
    await Promise.all([auth.close(), auth.close()])
    await auth.close()
  })

  test('leaves a plain 503 to whoever still calls, and no timer that holds the process', async (t) => {
    const auth = await openLibrary(t)
    const site = inProcess(auth)
    const { token } = await signUp(site, 'ada')
    await auth.close()
    const answer = await site.call('GET', '/api/users', bearer(token))
    assert.equal(answer.status, 503)
    assert.equal(answer.json().code, 'unavailable')
    await assert.rejects(auth.accounts.find('ada'), { name: 'StoreUnavailableError' })
  })

  test('a start that fails leaves nothing open behind it', async (t) => {
    const databaseUrl = `sqlite:${join(temporaryDirectory(t), 'refused.db')}`
    const options = { databaseUrl, passwordCommon: 'refuse', adminUsername: 'root' }
    const weak = { ...options, adminPassword: 'password1' }
    await assert.rejects(createCountersign(weak), /ADMIN_PASSWORD.*common/s)
    const auth = await openLibrary(t, { ...options, adminPassword: password })
    assert.equal(await auth.hasAdministrator(), true)
  })
})

describe('misuse is refused at start, with its mend', () => {
  const cases: [string, unknown, RegExp][] = [
    ['an unknown option', { sesionIdle: '7d' }, /no option "sesionIdle".*correct its name/],
    ['a name of the environment', { JWT_SECRET: 'x' }, /no option "JWT_SECRET"/],
    ['a list for a text', { publicUrl: ['http://localhost'] }, /PUBLIC_URL: It has to be a text/],
    ['null', { jwtSecret: null }, /JWT_SECRET: It has to be a text/],
    ['a function for a text', { jwtIssuer: () => '' }, /JWT_ISSUER: It has to be a text/],
    ['numbers in a list', { roles: [1, 'admin'] }, /ROLES: It has to be a list of texts/],
    ['a text for a flag', { production: 'no' }, /NODE_ENV: It has to be true or false/],
    ['a duration that is none', { sessionIdle: 'soon' }, /SESSION_IDLE: "soon" is no duration/],
    ['a limit that is none', { rateLimitLogin: '10' }, /RATE_LIMIT_LOGIN: .*<count>\/<duration>/],
    ['a database that is not there', { databaseUrl: 'mysql://x' }, /DATABASE_URL: /],
    ['a short secret', { jwtSecret: 'secret' }, /JWT_SECRET: It has 6 bytes.*for example/],
    ['an open origin', { clientOrigin: '*' }, /CLIENT_ORIGIN: "\*" would let every page/],
    ['a hook that is no function', { claims: { plan: 'gold' } }, /claims: It has to be a function/],
    ['a hook that is no function', { onEvent: 'log' }, /onEvent: It has to be a function/],
    ['a clock that is none', { clock: 0 }, /clock: It has to be a function/],
    ['randomness that is none', { randomness: 4 }, /randomness: It has to be a function/],
    ['a logger without levels', { logger: { info() {} } }, /logger: It needs debug, warn, error/],
  ]
  for (const [what, options, message] of cases) {
    test(`${what}: ${message.source}`, async () => {
      const wrong = { databaseUrl: 'sqlite::memory:', ...(options as CountersignOptions) }
      await assert.rejects(createCountersign(wrong), (error: Error) => {
        assert.equal(error.name, 'ConfigurationError')
        assert.match(error.message, message)
        return true
      })
    })
  }

  test('what is no object of options', async () => {
    for (const options of ['sqlite:x', 7, null, []] as unknown as CountersignOptions[]) {
      await assert.rejects(createCountersign(options), /options have to be an object/)
    }
  })

  test('every mistake at once', async () => {
    const options = { sesionIdle: '7d', jwtSecret: 'short', claims: 'gold', port: -1 }
    await assert.rejects(createCountersign(options as unknown as CountersignOptions), (error) => {
      assert.ok(error instanceof Error)
      for (const name of ['sesionIdle', 'JWT_SECRET', 'claims', 'PORT']) {
        assert.ok(error.message.includes(name), name)
      }
      return true
    })
  })
})

function inProcess(auth: Countersign, headers: Readonly<Record<string, string>> = {}) {
  return createSite('http://localhost:3000', (url, init) =>
    auth.fetch(new Request(url, { ...init, headers: { ...headers, ...init.headers } })),
  )
}

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-library-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
