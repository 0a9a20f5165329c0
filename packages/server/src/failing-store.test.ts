// Whatever the store cannot do is a 503 that asks to come back, on every route and at every step, and grants nothing.

import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test, type TestContext } from 'node:test'
import {
  createLifetime,
  readSignedIn,
  type SignedIn,
  startTestServer,
  testPassword,
  type TestAnswer,
  type TestServer,
  type Wish,
} from './countersign.fixture.ts'
import { createAuthenticator, type SoftAuthenticator } from './passkeys/authenticator.fixture.ts'
import { createPasskeyCalls } from './passkeys/passkey-people.fixture.ts'
import { createTestClock } from './foundation/deterministic.fixture.ts'
import { openSqliteStore } from './stores/sql/open-sqlite-store.ts'
import { createFailingDisk, type FailingDisk } from './stores/sql/failing-disk.fixture.ts'

const options = {
  secret: 'a-secret-that-is-long-enough-for-tests',
  jwtSecret: 'Vb3nq0TjYf1xLw9sKzR7uEhD5mGaPcQ2',
  metricsToken: 'a-token-for-metrics',
} as const

const directory = mkdtempSync(join(tmpdir(), 'countersign-failing-'))
const template = join(directory, 'template.db')
after(() => rmSync(directory, { recursive: true }))

interface People {
  readonly root: SignedIn
  readonly ada: SignedIn
  /** Another session of the same user. */
  readonly elsewhere: SignedIn
  /** Somebody with a second factor. */
  readonly grace: SignedIn
  /** Another user, with a passkey. */
  readonly eve: SignedIn
  readonly key: SoftAuthenticator
  /** The `Authorization` of a service. */
  readonly service: string
}

let people: People
let copies = 0

before(async () => {
  const lifetime = createLifetime()
  const server = await startTestServer(lifetime, {
    ...options,
    databaseUrl: `sqlite:${template}`,
  })
  await server.open('root', 'admin')
  await server.open('ada')
  const graceId = await server.open('grace')
  const root = await server.signIn('root')
  const added = await server.auth.services.add('billing')
  assert.ok(added.ok)
  const credential = Buffer.from(`${added.service.id}:${added.secret}`).toString('base64')
  const key = createAuthenticator()
  const passkeys = createPasskeyCalls(server)
  await passkeys.person('eve', key)
  people = {
    root,
    eve: readSignedIn(await passkeys.signIn(key)),
    key,
    ada: await server.signIn('ada'),
    elsewhere: await server.signIn('ada'),
    grace: await server.signIn('grace'),
    service: `Basic ${credential}`,
  }
  await lifetime.end()
  const store = await openSqliteStore({ file: template, clock: createTestClock() })
  const phone = { id: 'phone', userId: graceId, kind: 'totp', name: 'Phone', epoch: 0 } as const
  const unused = { externalId: null, secret: '', counter: 0, createdAt: 0, lastUsedAt: null }
  await store.insertFactor({ ...phone, ...unused })
  await store.close()
})

interface FailingServer extends TestServer {
  readonly disk: FailingDisk
  /** Everything in the database, as another process sees it. */
  readonly read: () => unknown
}

/** Makes servers on copies of what was prepared, whose disk fails when it is told to, and which do nothing by themselves. */
function createStart(t: TestContext): () => Promise<FailingServer> {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  const disk = createFailingDisk(t)
  return async () => {
    const file = join(directory, `${copies++}.db`)
    copyFileSync(template, file)
    const clock = createTestClock()
    clock.advance(1_000)
    const server = await startTestServer(t, { ...options, databaseUrl: `sqlite:${file}`, clock })
    return { ...server, disk, read: () => readTables(file) }
  }
}

function readTables(file: string): unknown {
  const database = new DatabaseSync(file, { readOnly: true })
  const tables = [
    'users',
    'sessions',
    'factors',
    'challenges',
    'attempts',
    'audit_events',
    'keyring',
    'leases',
  ]
  const rows = tables.map((table) => database.prepare(`SELECT * FROM ${table} ORDER BY 1`).all())
  database.close()
  return JSON.parse(JSON.stringify(rows))
}

const newPassword = 'another horse battery staple'
const cookieOf = ({ refreshToken, csrfToken }: SignedIn): Wish => ({
  cookie: refreshToken,
  headers: { 'x-csrf-token': csrfToken },
})

// One call for each operation of the contract. `needsStore` is false for what must be answered without a database.
const calls: Record<string, (people: People) => readonly [route: string, wish: Wish]> = {
  register: () => [
    'POST /api/auth/register',
    { body: { username: 'bob', password: testPassword } },
  ],
  login: ({ ada }) => [
    'POST /api/auth/login',
    { body: { username: 'ada', password: testPassword }, cookie: ada.refreshToken },
  ],
  refresh: ({ ada }) => ['POST /api/auth/refresh', cookieOf(ada)],
  csrf: ({ ada }) => ['GET /api/auth/csrf', cookieOf(ada)],
  logout: ({ ada }) => ['POST /api/auth/logout', cookieOf(ada)],
  logoutAll: ({ ada }) => ['POST /api/auth/logout-all', { token: ada.accessToken }],
  listSessions: ({ ada }) => ['GET /api/auth/sessions', { token: ada.accessToken }],
  endSession: ({ ada, elsewhere }) => [
    `DELETE /api/auth/sessions/${elsewhere.sessionId}`,
    { token: ada.accessToken },
  ],
  changePassword: ({ ada }) => [
    'POST /api/auth/password',
    { token: ada.accessToken, body: { currentPassword: testPassword, newPassword } },
  ],
  stepUp: ({ ada }) => [
    'POST /api/auth/step-up',
    { token: ada.accessToken, body: { password: testPassword } },
  ],
  passkeyStepUpOptions: ({ ada }) => [
    'POST /api/auth/step-up/passkey/options',
    { token: ada.accessToken },
  ],
  passkeyRegistrationOptions: ({ ada }) => [
    'POST /api/auth/passkeys/register/options',
    { token: ada.accessToken },
  ],
  forgotPassword: () => ['POST /api/auth/password/forgot', { body: { email: 'a@example.org' } }],
  requestEmailVerification: ({ ada }) => [
    'POST /api/auth/email/verification',
    { token: ada.accessToken },
  ],
  requestEmailChange: ({ ada }) => [
    'POST /api/auth/email',
    { token: ada.accessToken, body: { email: 'a@example.org' } },
  ],
  requestSignInCode: () => ['POST /api/auth/code', { body: { email: 'a@example.org' } }],
  listSecurityEvents: ({ ada }) => ['GET /api/auth/events', { token: ada.accessToken }],
  deleteOwnAccount: ({ elsewhere }) => [
    'DELETE /api/auth/account',
    { token: elsewhere.accessToken },
  ],
  listFactors: ({ ada }) => ['GET /api/auth/mfa/factors', { token: ada.accessToken }],
  renameFactor: ({ grace }) => [
    'PATCH /api/auth/mfa/factors/phone',
    { token: grace.accessToken, body: { name: 'Phone' } },
  ],
  removeFactor: ({ grace }) => ['DELETE /api/auth/mfa/factors/phone', { token: grace.accessToken }],
  beginTotpEnrollment: ({ ada }) => ['POST /api/auth/mfa/totp', { token: ada.accessToken }],
  confirmTotpEnrollment: ({ ada }) => [
    'POST /api/auth/mfa/totp/confirm',
    { token: ada.accessToken, body: { code: '000000' } },
  ],
  makeRecoveryCodes: ({ grace }) => [
    'POST /api/auth/mfa/recovery-codes',
    { token: grace.accessToken },
  ],
  ownProfile: ({ ada }) => ['GET /api/users', { token: ada.accessToken }],
  changeProfile: ({ ada }) => [
    'PUT /api/users',
    { token: ada.accessToken, body: { email: 'ada@example.org' } },
  ],
  listUsers: ({ root }) => ['GET /api/users/all', { token: root.accessToken }],
  createUser: ({ root }) => [
    'POST /api/users',
    { token: root.accessToken, body: { username: 'bob', password: testPassword } },
  ],
  showUser: ({ root, ada }) => [`GET /api/users/${ada.userId}`, { token: root.accessToken }],
  changeUser: ({ root, ada }) => [
    `PATCH /api/users/${ada.userId}`,
    { token: root.accessToken, body: { disabled: true } },
  ],
  deleteUser: ({ root, ada }) => [`DELETE /api/users/${ada.userId}`, { token: root.accessToken }],
  endUserSessions: ({ root, ada }) => [
    `DELETE /api/users/${ada.userId}/sessions`,
    { token: root.accessToken },
  ],
  revocations: ({ service }) => [
    'GET /api/auth/revocations',
    { headers: { authorization: service } },
  ],
  introspect: ({ ada, service }) => [
    'POST /api/auth/introspect',
    {
      headers: { authorization: service, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token: ada.accessToken }),
    },
  ],
  ready: () => ['GET /health/ready', {}],
}

const withoutStore: Record<string, readonly [route: string, wish: Wish]> = {
  publicInformation: ['GET /api/users/public', {}],
  keySet: ['GET /.well-known/jwks.json', {}],
  serverMetadata: ['GET /.well-known/oauth-authorization-server', {}],
  live: ['GET /health/live', {}],
  passkeySignInOptions: ['POST /api/auth/passkeys/login/options', {}],
  accountPageScript: ['GET /account/main.js', {}],
  accountPageFields: ['GET /account/fields.js', {}],
  accountPageSecondFactor: ['GET /account/second-factor.js', {}],
  accountPagePasskey: ['GET /account/passkey.js', {}],
  accountPageStyle: ['GET /account/style.css', {}],
  accountPage: ['GET /account/reset-password', {}],
  metrics: ['GET /metrics', { token: options.metricsToken }],
  openapi: ['GET /openapi.json', {}],
}

// Pages of documentation, which have their own tests, and what needs the link of a mail or a log-in that waits.
const leftOut = new Set([
  'documentation',
  'documentationAsset',
  'proveSecondFactor',
  'resetPassword',
  'verifyEmail',
  'confirmEmailChange',
  'undoEmailChange',
  'sendSecondFactorCode',
  'addEmailFactor',
  'signInWithCode',
  'signInWithLink',
  'developmentMailbox',
  'passkeySecondFactorOptions',
  'passkeySecondFactor',
  // What a passkey answers has its own tests, below.
  'registerPasskey',
  'passkeySignIn',
  'passkeyStepUp',
])

function assertRefused(answer: TestAnswer, what: string): void {
  assert.equal(answer.status, 503, `${what} ${JSON.stringify(answer.body)}`)
  const { code, message, requestId: _, type: _type, status: _status, ...more } = answer.body
  assert.deepEqual([code, more], ['unavailable', {}], what)
  assert.equal(message, 'The service is temporarily unavailable', what)
  assert.equal(answer.headers.get('retry-after'), '1', what)
  assert.equal(answer.headers.get('set-cookie'), null, what)
}

async function send(server: Pick<TestServer, 'call'>, operation: string): Promise<TestAnswer> {
  const [route, wish] = calls[operation]?.(people) ?? assert.fail(operation)
  return server.call(route, wish)
}

/** Sends it with the disk failing from its n-th statement on. @returns undefined when it did not need that many */
async function sendFailing(
  server: FailingServer,
  operation: string,
  number: number,
): Promise<TestAnswer | undefined> {
  server.disk.failFrom(number)
  const answer = await send(server, operation)
  const isReached = server.disk.count() >= number
  server.disk.mend()
  // A lease that could not be given back runs out.
  server.clock.advance(15_000)
  return isReached ? answer : undefined
}

const isUnavailable = (error: Error): boolean => error.name === 'StoreUnavailableError'

const login = (server: TestServer, password: string) =>
  server.call('POST /api/auth/login', { body: { username: 'ada', password } })

describe('when every statement fails', () => {
  test('every route that needs the store answers 503, and nothing is changed', async (t) => {
    const start = createStart(t)
    const server = await start()
    const before = server.read()
    for (const operation of Object.keys(calls)) {
      server.disk.failAll()
      assertRefused(await send(server, operation), operation)
      server.disk.mend()
    }
    assert.deepEqual(server.read(), before)
    // None of them got so far as to leave a trace in memory either.
    for (const { accessToken: token } of [people.ada, people.elsewhere, people.root]) {
      assert.equal((await server.call('GET /api/users', { token })).status, 200)
    }
  })

  test('every route that needs none is answered', async (t) => {
    const start = createStart(t)
    const server = await start()
    server.disk.failAll()
    for (const [operation, [route, wish]] of Object.entries(withoutStore)) {
      assert.equal((await server.call(route, wish)).status, 200, operation)
    }
    server.disk.mend()
  })

  test('refusals that need no store stay what they are', async (t) => {
    const start = createStart(t)
    const server = await start()
    server.disk.failAll()
    for (const [route, wish, status] of [
      ['GET /api/users', {}, 401],
      ['GET /api/users', { token: 'x.y.z' }, 401],
      ['POST /api/auth/refresh', {}, 401],
      ['POST /api/auth/refresh', { body: { refreshToken: 'x' } }, 401],
      ['POST /api/auth/login', { body: {} }, 400],
      ['GET /nothing', {}, 404],
    ] as const) {
      assert.equal((await server.call(route, wish)).status, status, route)
    }
    server.disk.mend()
  })

  test('this list is every operation there is', async (t) => {
    const start = createStart(t)
    const { auth } = await start()
    const { paths } = auth.openapi() as { paths: Record<string, Record<string, object>> }
    const operations = Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .map((operation) => (operation as { operationId: string }).operationId)
    const listed = [...Object.keys(calls), ...Object.keys(withoutStore), ...leftOut]
    assert.deepEqual(listed.toSorted(), operations.toSorted())
  })

  test('the library rejects, and what it guards stays shut', async (t) => {
    const start = createStart(t)
    const { auth, disk } = await start()
    disk.failAll()
    await assert.rejects(auth.authenticate(`Bearer ${people.ada.accessToken}`), isUnavailable)
    await assert.rejects(auth.accounts.find('ada'), isUnavailable)
    await assert.rejects(auth.accounts.setDisabled(people.ada.userId, true), isUnavailable)
    await assert.rejects(auth.hasAdministrator(), isUnavailable)
    disk.mend()
  })
})

describe('when the disk fails in the middle', () => {
  // A challenge is good once, so each try has its own.
  const byPasskey: Record<string, readonly [asking: string, answering: string]> = {
    passkeySignIn: ['POST /api/auth/passkeys/login/options', 'POST /api/auth/passkeys/login'],
    passkeyStepUp: ['POST /api/auth/step-up/passkey/options', 'POST /api/auth/step-up/passkey'],
    registerPasskey: [
      'POST /api/auth/passkeys/register/options',
      'POST /api/auth/passkeys/register',
    ],
  }
  for (const [operation, [asking, answering]] of Object.entries(byPasskey)) {
    test(`${operation} grants nothing at any step, and can be asked for again`, async (t) => {
      const start = createStart(t)
      const { eve, key } = people
      const prepare = async ({ call }: FailingServer) => {
        const asked = await call(asking, { token: eve.accessToken })
        // The epochs were raised and the session was not lifted over them: its user logs in again.
        if (asked.status === 401) return async () => asked
        const { body } = asked
        const isNew = operation === 'registerPasskey'
        const response = isNew ? createAuthenticator().create(body) : key.get(body)
        return () => call(answering, { token: eve.accessToken, body: { response } })
      }
      let steps = 0
      for (let number = 1; ; number++) {
        const server = await start()
        const answerIt = await prepare(server)
        server.disk.failFrom(number)
        const answer = await answerIt()
        const isReached = server.disk.count() >= number
        server.disk.mend()
        server.clock.advance(15_000)
        if (!isReached) break
        steps++
        // All is done by then but the giving back of the lease, which runs out.
        const isDone = operation === 'registerPasskey' && answer.status === 200
        if (!isDone) assertRefused(answer, `${operation}, statement ${number}`)
        const again = await (await prepare(server))()
        assert.ok(again.status < 500, `${operation} after statement ${number}: ${again.status}`)
        await server.auth.close()
      }
      assert.ok(steps > 3)
    })
  }

  for (const operation of Object.keys(calls)) {
    test(`${operation} grants nothing at any step, and can be asked for again`, async (t) => {
      const start = createStart(t)
      let steps = 0
      for (let number = 1; ; number++) {
        const server = await start()
        const answer = await sendFailing(server, operation, number)
        if (answer === undefined) break
        steps++
        assertRefused(answer, `${operation}, statement ${number}`)
        const again = await send(server, operation)
        assert.ok(again.status < 500, `${operation} after statement ${number}: ${again.status}`)
        await server.auth.close()
      }
      assert.ok(steps > 0)
    })
  }

  test('an honest client that retries its refresh is never logged out, soon or late', async (t) => {
    const start = createStart(t)
    for (const wait of [0, 60_000]) {
      for (let number = 1; ; number++) {
        const server = await start()
        const answer = await sendFailing(server, 'refresh', number)
        if (answer === undefined) break
        server.clock.advance(wait)
        const again = await send(server, 'refresh')
        assert.equal(again.status, 200)
        const next = /refreshToken=([^;]+)/.exec(again.headers.get('set-cookie') ?? '')?.[1] ?? ''
        const { ada } = people
        const wish = { cookie: next, headers: { 'x-csrf-token': ada.csrfToken } }
        assert.equal((await server.call('POST /api/auth/refresh', wish)).status, 200)
        await server.auth.close()
      }
    }
  })

  test('what was to be ended is ended by the second try at the latest', async (t) => {
    const start = createStart(t)
    const endings: [operation: string, isDead: (server: TestServer) => Promise<TestAnswer>][] = [
      ['logout', ({ refresh }) => refresh(people.ada.refreshToken)],
      ['logoutAll', ({ refresh }) => refresh(people.elsewhere.refreshToken)],
      ['endSession', ({ refresh }) => refresh(people.elsewhere.refreshToken)],
      ['changeUser', ({ call }) => call('GET /api/users', { token: people.ada.accessToken })],
      ['deleteUser', ({ call }) => call('GET /api/users', { token: people.ada.accessToken })],
      ['endUserSessions', ({ refresh }) => refresh(people.ada.refreshToken)],
    ]
    for (const [operation, isDead] of endings) {
      for (let number = 1; ; number++) {
        const server = await start()
        if ((await sendFailing(server, operation, number)) === undefined) break
        await send(server, operation)
        assert.equal((await isDead(server)).status, 401, `${operation} ${number}`)
        await server.auth.close()
      }
    }
  })

  test('a password is the old one or the new one, and never both', async (t) => {
    const start = createStart(t)
    for (let number = 1; ; number++) {
      const server = await start()
      if ((await sendFailing(server, 'changePassword', number)) === undefined) break
      const statuses = [
        (await login(server, testPassword)).status,
        (await login(server, newPassword)).status,
      ]
      assert.deepEqual(new Set(statuses), new Set([200, 401]), `statement ${number}`)
      if (statuses[1] === 200) {
        assert.equal((await server.refresh(people.elsewhere.refreshToken)).status, 401)
      }
      await server.auth.close()
    }
  })
})
