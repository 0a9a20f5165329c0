import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { readSignedIn, startTestServer, testPassword } from './countersign.fixture.ts'
import { createCountersign } from './create-countersign.ts'
import { createTestClock, createTestRandomness } from './foundation/deterministic.fixture.ts'

const jwtSecret = 'Vb3nq0TjYf1xLw9sKzR7uEhD5mGaPcQ2'
const secret = 'a-secret-that-is-long-enough-for-tests'

function directoryOf(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-create-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

const algorithmOf = (token: string): unknown =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).alg

describe('creating a Countersign', () => {
  test('lists every mistake at once and opens nothing', async () => {
    const wrong = { port: -1, jwtSecret: 'short', sceret: 'x', databaseUrl: 'sqlite:/nowhere/x.db' }
    await assert.rejects(createCountersign(wrong), (error: Error) => {
      assert.equal(error.name, 'ConfigurationError')
      for (const part of ['PORT', 'JWT_SECRET', '"sceret"']) assert.ok(error.message.includes(part))
      return true
    })
  })

  test('refuses a database that was sealed under another master secret, and lets it go', async (t) => {
    const databaseUrl = `sqlite:${join(directoryOf(t), 'x.db')}`
    const first = await createCountersign({ databaseUrl, secret })
    await first.close()
    const another = `${secret}-another`
    await assert.rejects(
      createCountersign({ databaseUrl, secret: another }),
      /sealed under another master secret/,
    )
    const both = await createCountersign({ databaseUrl, secret: [another, secret] })
    await both.close()
    const moved = await createCountersign({ databaseUrl, secret: another })
    await moved.close()
  })

  test('makes the first administrator where there is none, and leaves a later one alone', async (t) => {
    const databaseUrl = `sqlite:${join(directoryOf(t), 'x.db')}`
    const start = (adminUsername: string, adminPassword = testPassword) =>
      startTestServer(t, { databaseUrl, adminUsername, adminPassword })
    const first = await start('root')
    const { accessToken: token } = await first.signIn('root')
    assert.equal((await first.call('GET /api/users/all', { token })).status, 200)
    assert.deepEqual(
      first.events.map(({ type, actorId, detail }) => [type, actorId, detail]),
      [
        ['account.created', null, { role: 'admin' }],
        ['sign_in.succeeded', first.events[1]?.actorId, { factor: 'password' }],
      ],
    )
    await first.auth.close()
    const second = await start('other', 'another horse battery staple')
    assert.equal(await second.auth.accounts.find('other'), undefined)
    await second.signIn('root')
  })

  test('does not start with a first administrator that cannot be made', async () => {
    const base = { databaseUrl: 'sqlite::memory:', production: false }
    const wishes = [
      [{ adminUsername: 'root', adminPassword: 'short' }, /ADMIN_PASSWORD: .*at least 8/],
      [
        { adminUsername: 'x', adminPassword: testPassword },
        /ADMIN_USERNAME: "x" is no user name: /,
      ],
      [
        { adminUsername: 'x y', adminPassword: 'short', port: -1 },
        /PORT: [^]*_USERNAME: [^]*_PASS/,
      ],
    ] as const
    for (const [wish, message] of wishes) {
      await assert.rejects(createCountersign({ ...base, ...wish }), message)
    }
  })

  test('says how an account of the first administrator’s name comes to administer', async (t) => {
    const databaseUrl = `sqlite:${join(directoryOf(t), 'x.db')}`
    const before = await createCountersign({ databaseUrl })
    const made = await before.accounts.create({ username: 'Root', password: testPassword })
    assert.ok(made.ok)
    await before.close()
    const wish = { databaseUrl, adminUsername: 'root', adminPassword: testPassword }
    await assert.rejects(createCountersign(wish), {
      name: 'ConfigurationError',
      message:
        /ADMIN_USERNAME: .*: npx countersign users set-role Root admin, or take another name/,
    })
    const between = await createCountersign({ databaseUrl })
    await between.accounts.setDisabled(made.account.id, true)
    await between.close()
    await assert.rejects(
      createCountersign(wish),
      /set-role Root admin and .* users enable Root, or/,
    )
  })

  test('draws every chance from where it is told to, and every time', async (t) => {
    const run = async (seed: string) => {
      const randomness = createTestRandomness(seed)
      const server = await startTestServer(t, { randomness, secret, jwtSecret })
      await server.open('ada')
      return { server, signedIn: await server.signIn('ada') }
    }
    const [one, again, other] = [await run('a'), await run('a'), await run('b')]
    assert.deepEqual(again.signedIn, one.signedIn)
    assert.deepEqual(again.server.events, one.server.events)
    for (const name of ['userId', 'sessionId', 'accessToken', 'refreshToken'] as const) {
      assert.notEqual(other.signedIn[name], one.signedIn[name], name)
    }
  })

  test('goes on with its sessions after a restart, and with what was revoked', async (t) => {
    const databaseUrl = `sqlite:${join(directoryOf(t), 'x.db')}`
    const clock = createTestClock()
    const before = await startTestServer(t, { databaseUrl, clock })
    await before.open('ada')
    const [kept, ended] = [await before.signIn('ada'), await before.signIn('ada')]
    await before.call('POST /api/auth/logout', { body: { refreshToken: ended.refreshToken } })
    await before.auth.close()
    const { call, refresh } = await startTestServer(t, { databaseUrl, clock })
    assert.equal((await call('GET /api/users', { token: kept.accessToken })).status, 200)
    assert.equal((await call('GET /api/users', { token: ended.accessToken })).status, 401)
    assert.equal((await refresh(kept.refreshToken)).status, 200)
    assert.equal((await refresh(ended.refreshToken)).status, 401)
  })

  test('remembers after a restart what was revoked, also when tokens live shorter from now on', async (t) => {
    for (const key of [{}, { jwtSecret }]) {
      const databaseUrl = `sqlite:${join(directoryOf(t), 'x.db')}`
      const clock = createTestClock()
      const before = await startTestServer(t, { databaseUrl, clock, jwtExpiresIn: '10h', ...key })
      await before.open('ada')
      const { accessToken: token, refreshToken } = await before.signIn('ada')
      await before.call('POST /api/auth/logout', { body: { refreshToken } })
      await before.auth.close()
      clock.advance(3_600_000)
      const { call } = await startTestServer(t, { databaseUrl, clock, jwtExpiresIn: '1m', ...key })
      assert.equal((await call('GET /api/users', { token })).status, 401)
    }
  })

  test('changes its algorithm by configuration, and every token stays good until it expires', async (t) => {
    const databaseUrl = `sqlite:${join(directoryOf(t), 'x.db')}`
    const clock = createTestClock()
    const before = await startTestServer(t, { databaseUrl, clock })
    await before.open('ada')
    const { accessToken: old, refreshToken } = await before.signIn('ada')
    await before.auth.close()
    const server = await startTestServer(t, { databaseUrl, clock, jwtAlgorithm: 'EdDSA' })
    const use = async (token: string): Promise<number> =>
      (await server.call('GET /api/users', { token })).status
    const refreshed = await server.refresh(refreshToken)
    assert.equal(algorithmOf(String(refreshed.body['accessToken'])), 'ES256')
    // The new key has to be known to everybody who keeps the key set before it signs.
    clock.advance(10 * 60_000)
    const { accessToken: next } = await server.signIn('ada')
    assert.equal(algorithmOf(next), 'EdDSA')
    assert.deepEqual([await use(old), await use(next)], [200, 200])
    clock.advance(5 * 60_000)
    assert.deepEqual([await use(old), await use(next)], [401, 200])
  })

  test('takes a new master secret in two steps, and logs nobody out', async (t) => {
    const databaseUrl = `sqlite:${join(directoryOf(t), 'x.db')}`
    const clock = createTestClock()
    const [older, newer] = [secret, 'a-newer-secret-that-comes-into-use-11111']
    let held: { refreshToken: string; csrfToken: string; accessToken: string } | undefined
    for (const secrets of [[older], [older, newer], [newer, older], [newer, older], [newer]]) {
      const server = await startTestServer(t, { databaseUrl, clock, secret: secrets })
      if (held === undefined) {
        await server.open('ada')
        held = await server.signIn('ada')
      }
      const { accessToken: token, refreshToken, csrfToken } = held
      assert.equal((await server.call('GET /api/users', { token })).status, 200)
      // The last step waits for the idle life: by then every token is the new secret's.
      const headers = { 'x-csrf-token': csrfToken }
      const answer = await server.call('POST /api/auth/refresh', { cookie: refreshToken, headers })
      assert.equal(answer.status, 200, secrets.join())
      const cookie = /refreshToken=([^;]+)/.exec(answer.headers.get('set-cookie') ?? '')?.[1] ?? ''
      held = { ...readSignedIn(answer), refreshToken: cookie }
      await server.auth.close()
    }
  })

  test('once closed serves no more, and may be closed again', async (t) => {
    const server = await startTestServer(t)
    await server.open('ada')
    const { accessToken: token } = await server.signIn('ada')
    await server.auth.close()
    await server.auth.close()
    const answer = await server.call('GET /api/users', { token })
    assert.deepEqual([answer.status, answer.body['code']], [503, 'unavailable'])
  })
})

describe('the claims hook', () => {
  test('adds to the token of a log-in and of every refresh', async (t) => {
    let asked = 0
    const claims = () => ({ tenant: `t${++asked}` })
    const { auth, open, signIn, refresh } = await startTestServer(t, { claims })
    await open('ada')
    const tenantOf = (token: unknown): unknown => {
      const verification = auth.verifier.verify(String(token))
      return verification.ok ? verification.claims['tenant'] : verification.reason
    }
    const { accessToken, refreshToken } = await signIn('ada')
    const refreshed = await refresh(refreshToken)
    assert.equal(tenantOf(accessToken), 't1')
    assert.equal(tenantOf(refreshed.body['accessToken']), 't2')
  })

  test('that fails, fails the log-in and leaves no session behind', async (t) => {
    const failures = [
      () => {
        throw new Error('SELECT tenant')
      },
      () => Promise.reject(new Error('SELECT tenant')),
      () => ({ sub: 'root' }),
      () => ({ roles: ['admin'] }),
      () => ({ long: 'x'.repeat(9_000) }),
    ]
    let claims: (() => Record<string, unknown> | Promise<Record<string, unknown>>) | undefined
    const { call, open, signIn, refresh, log, takeEvents } = await startTestServer(t, {
      claims: () => claims?.() ?? {},
    })
    await open('ada')
    const { accessToken: token, refreshToken } = await signIn('ada')
    const body = { username: 'ada', password: testPassword }
    takeEvents()
    for (const failure of failures) {
      claims = failure
      const answer = await call('POST /api/auth/login', { body })
      assert.equal(answer.status, 500)
      assert.equal(answer.headers.get('set-cookie'), null)
      assert.equal(JSON.stringify(answer.body).includes('SELECT'), false)
      assert.equal((await refresh(refreshToken)).status, 500)
    }
    assert.equal(log.filter(({ message }) => message === 'Unexpected failure').length, 10)
    const sessions = await call('GET /api/auth/sessions', { token })
    assert.equal((sessions.body['sessions'] as unknown[]).length, 1)
    assert.equal(
      takeEvents().some(({ type }) => type === 'sign_in.succeeded'),
      false,
    )
    // The refreshes that failed cost nobody the session: they were lost answers.
    claims = undefined
    assert.equal((await refresh(refreshToken)).status, 200)
  })
})

describe('the onEvent hook', () => {
  test('that throws, rejects or never comes back changes nothing', async (t) => {
    const hooks = [
      () => {
        throw new Error('the hook failed')
      },
      () => Promise.reject(new Error('the hook failed')),
      () => new Promise<void>(() => undefined),
    ]
    for (const onEvent of hooks) {
      const { open, signIn, refresh } = await startTestServer(t, { onEvent })
      await open('ada')
      const { refreshToken } = await signIn('ada')
      assert.equal((await refresh(refreshToken)).status, 200)
    }
  })

  test('that fails is logged, without the facts of the event', async (t) => {
    const { open, log } = await startTestServer(t, {
      onEvent: () => {
        throw new Error('the hook failed')
      },
    })
    await open('ada')
    const line = log.find(({ level }) => level === 'error')
    assert.equal(line?.message, 'The onEvent hook failed')
    assert.deepEqual(Object.keys(line.fields), ['err', 'audit'])
  })
})
