// Every kind of event, brought about as it comes about: which flow records it, once, with what, and without any secret.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { auditTypes } from '../../../../tools/audit-types.ts'
import {
  createLifetime,
  readSignedIn,
  startTestServer,
  testPassword,
  type TestAnswer,
  type TestServer,
} from '../countersign.fixture.ts'
import { codeOf } from '../totp/authenticator.fixture.ts'
import type { AuditEvent, AuditType } from './event.ts'

const common = 'password123'
const agent = { 'user-agent': 'Fox/1 "quoted"' }

/** What a scene recorded, in its order: what is left out is null, or an empty detail. */
type Expected = Partial<Omit<AuditEvent, 'id' | 'at' | 'requestId'>> & { readonly type: AuditType }

const seenTypes = new Set<AuditType>()
const everything: string[] = []
const secrets = new Set<string>([testPassword, common])
const directory = mkdtempSync(join(tmpdir(), 'countersign-audit-'))

const lifetime = createLifetime()
let server: TestServer
let root: Awaited<ReturnType<TestServer['signIn']>>
let count = 0

before(async () => {
  server = await startTestServer(lifetime, {
    databaseUrl: `sqlite:${join(directory, 'x.db')}`,
    metricsToken: 'a-token-for-metrics',
    trustedProxies: 1,
    rateLimitAnonymous: '10000/15m',
  })
  await server.open('root', 'admin')
  root = await signIn('root')
  server.takeEvents()
})
after(async () => {
  await lifetime.end()
  rmSync(directory, { recursive: true })
})

async function signIn(username: string) {
  const signedIn = await server.signIn(username)
  const { accessToken, refreshToken, csrfToken } = signedIn
  for (const secret of [accessToken, refreshToken, csrfToken]) secrets.add(secret)
  return signedIn
}

async function newcomer(): Promise<{ name: string; id: string }> {
  const name = `user${count++}`
  return { name, id: await server.open(name) }
}

/** Runs the scene and compares what it recorded; whatever came before is not its business. */
async function expectEvents(
  act: () => Promise<unknown>,
  expected: readonly Expected[],
  comesFromRequest = true,
): Promise<void> {
  server.takeEvents()
  await act()
  const events = server.takeEvents()
  const defaults = {
    actorId: null,
    subjectId: null,
    sessionId: null,
    ip: comesFromRequest ? '203.0.113.9' : null,
    userAgent: null,
    detail: {},
  }
  assert.deepEqual(
    events.map(({ id: _id, at: _at, requestId: _requestId, ...event }) => event),
    expected.map((event) => ({ ...defaults, ...event })),
  )
  for (const event of events) {
    assert.equal(event.at, server.clock())
    assert.equal(event.requestId !== null, comesFromRequest)
    seenTypes.add(event.type)
    everything.push(JSON.stringify(event))
  }
}

const failed = (reason: string, subjectId: string | null): Expected[] => [
  { type: 'sign_in.failed', subjectId, detail: { reason, factor: 'password' } },
]

describe('accounts', () => {
  test('registered by a stranger', async () => {
    const body = { username: 'stranger', password: testPassword, email: 'ada@example.org' }
    let id = ''
    server.takeEvents()
    const answer = await server.call('POST /api/auth/register', { body, headers: agent })
    id = (answer.body['user'] as { id: string }).id
    const [event, ...more] = server.takeEvents()
    assert.deepEqual(more, [])
    assert.deepEqual(
      [event?.type, event?.actorId, event?.subjectId, event?.userAgent, event?.detail],
      ['account.registered', id, id, agent['user-agent'], {}],
    )
    seenTypes.add('account.registered')
  })

  test('with a common password, where those are accepted', async () => {
    const body = { username: 'careless', password: common }
    server.takeEvents()
    const answer = await server.call('POST /api/auth/register', { body })
    const { id } = answer.body['user'] as { id: string }
    const events = server.takeEvents()
    assert.deepEqual(
      events.map(({ type, actorId, subjectId, detail }) => [type, actorId, subjectId, detail]),
      [
        ['account.registered', id, id, {}],
        ['password.common_accepted', id, id, { reason: 'common' }],
      ],
    )
    seenTypes.add('password.common_accepted')
    everything.push(...events.map((event) => JSON.stringify(event)))
  })

  test('made, given another role, disabled, enabled and deleted by an administrator', async () => {
    const token = root.accessToken
    const actorId = root.userId
    server.takeEvents()
    const body = { username: 'made', password: testPassword, role: 'user' }
    const made = await server.call('POST /api/users', { token, body })
    const id = String(made.body['id'])
    const [created] = server.takeEvents()
    assert.deepEqual(
      [created?.type, created?.actorId, created?.detail],
      ['account.created', actorId, { role: 'user' }],
    )
    seenTypes.add('account.created')
    const path = `/api/users/${id}`
    const who = { actorId, subjectId: id }
    await expectEvents(
      () => server.call(`PATCH ${path}`, { token, body: { role: 'admin', disabled: true } }),
      [
        { ...who, type: 'account.role_changed', detail: { from: 'user', to: 'admin' } },
        { ...who, type: 'account.disabled' },
      ],
    )
    await expectEvents(
      () => server.call(`PATCH ${path}`, { token, body: { disabled: false } }),
      [{ ...who, type: 'account.enabled' }],
    )
    // What is so already is no event.
    await expectEvents(() => server.call(`PATCH ${path}`, { token, body: { role: 'admin' } }), [])
    await expectEvents(() => server.call(`PATCH ${path}`, { token, body: {} }), [])
    await expectEvents(
      () => server.call(`DELETE ${path}/sessions`, { token }),
      [{ ...who, type: 'session.all_ended' }],
    )
    await expectEvents(
      () => server.call(`DELETE ${path}`, { token }),
      [{ ...who, type: 'account.deleted' }],
    )
    await expectEvents(() => server.call(`DELETE ${path}`, { token }), [])
  })

  test('made and given a password by the host', async () => {
    const { id } = await newcomer()
    await expectEvents(
      () => server.auth.accounts.setPassword(id, common),
      [
        { type: 'password.set_by_admin', subjectId: id },
        { type: 'password.common_accepted', subjectId: id, detail: { reason: 'common' } },
      ],
      false,
    )
  })

  test('changed by their owner: which members, never their values', async () => {
    const { name } = await newcomer()
    const { accessToken: token, userId, sessionId } = await signIn(name)
    const who = { actorId: userId, subjectId: userId, sessionId }
    await expectEvents(
      () => server.call('PUT /api/users', { token, body: { email: 'new@example.org' } }),
      [{ ...who, type: 'account.profile_changed', detail: { username: false, email: true } }],
    )
  })

  test('asking for an administrator’s route', async () => {
    const { name } = await newcomer()
    const { accessToken: token, userId: actorId, sessionId } = await signIn(name)
    await expectEvents(
      () => server.call('GET /api/users/all', { token }),
      [
        {
          type: 'access.denied',
          actorId,
          sessionId,
          detail: { operation: 'listUsers', role: 'user' },
        },
      ],
    )
  })
})

describe('log-ins and passwords', () => {
  test('that succeed, with the factor (ASVS v5.0.0-16.3.1)', async () => {
    const { name, id } = await newcomer()
    server.takeEvents()
    const { sessionId } = await signIn(name)
    const [event, ...more] = server.takeEvents()
    assert.deepEqual(more, [])
    assert.deepEqual(
      [event?.type, event?.actorId, event?.subjectId, event?.sessionId, event?.detail],
      ['sign_in.succeeded', id, id, sessionId, { factor: 'password' }],
    )
    seenTypes.add('sign_in.succeeded')
  })

  test('that fail, with the reason, which the client is never told', async () => {
    const { name, id } = await newcomer()
    const { name: locked, id: lockedId } = await newcomer()
    await server.auth.accounts.setDisabled(lockedId, true)
    const login = (username: string, password: string) => () =>
      server.call('POST /api/auth/login', { body: { username, password } })
    secrets.add('hunter2-typed-as-a-name')
    await expectEvents(login(name, 'a wrong password'), failed('wrong_password', id))
    await expectEvents(login('hunter2-typed-as-a-name', 'x'), failed('unknown_user', null))
    await expectEvents(login(locked, testPassword), failed('disabled', lockedId))
  })

  test('that replace a session', async () => {
    const { name } = await newcomer()
    const old = await signIn(name)
    const body = { username: name, password: testPassword }
    server.takeEvents()
    const answer = await server.call('POST /api/auth/login', { body, cookie: old.refreshToken })
    const { sessionId } = readSignedIn(answer)
    const who = { actorId: old.userId, subjectId: old.userId }
    assert.deepEqual(
      server.takeEvents().map(({ type, actorId, subjectId, sessionId: of, detail }) => ({
        type,
        actorId,
        subjectId,
        sessionId: of,
        detail,
      })),
      [
        { type: 'sign_in.succeeded', ...who, sessionId, detail: { factor: 'password' } },
        { type: 'session.ended', ...who, sessionId: old.sessionId, detail: { reason: 'replaced' } },
      ],
    )
  })

  test('of which one is changed, and one is not', async () => {
    const { name, id } = await newcomer()
    const { accessToken: token, sessionId } = await signIn(name)
    const change = (currentPassword: string, newPassword: string) => () =>
      server.call('POST /api/auth/password', { token, body: { currentPassword, newPassword } })
    const who = { actorId: id, subjectId: id }
    secrets.add('a wrong password').add('another horse battery')
    await expectEvents(change('a wrong password', 'another horse battery'), [
      { ...who, type: 'password.change_failed' },
    ])
    await expectEvents(change(testPassword, 'another horse battery'), [
      { ...who, sessionId, type: 'password.changed' },
    ])
  })
})

const from = (ip: string, username: string) =>
  server.call('POST /api/auth/login', {
    body: { username, password: 'a wrong password' },
    headers: { 'x-forwarded-for': ip },
  })
const signals = () =>
  server
    .takeEvents()
    .filter(({ type }) => type.startsWith('sign_in.many'))
    .map(({ type, ip, subjectId, detail }) => {
      seenTypes.add(type)
      return [type, ip, subjectId, detail]
    })

describe('signals', () => {
  test('many accounts tried from one address, whether somebody has the names or not', async () => {
    const { name } = await newcomer()
    server.takeEvents()
    // The same name again is no other account.
    for (let at = 0; at < 5; at++) await from('192.0.2.1', name)
    for (let at = 0; at < 18; at++) await from('192.0.2.1', `nobody${at}`)
    assert.deepEqual(signals(), [])
    await from('192.0.2.1', 'nobody18')
    assert.deepEqual(signals(), [['sign_in.many_accounts', '192.0.2.1', null, { number: 20 }]])
    for (let at = 0; at < 30; at++) await from('192.0.2.1', `other${at}`)
    assert.deepEqual(signals(), [], 'once in a window')
    server.clock.advance(15 * 60_000)
    for (let at = 0; at < 20; at++) await from('192.0.2.1', `nobody${at}`)
    assert.deepEqual(
      signals().map(([type]) => type),
      ['sign_in.many_accounts'],
    )
  })

  test('many addresses on one account, and on a name that nobody has', async () => {
    const { name, id } = await newcomer()
    server.takeEvents()
    for (const [username, subjectId] of [
      [name, id],
      ['nobody-at-all', null],
    ] as const) {
      for (let at = 0; at < 60; at++) await from(`198.51.100.${at}`, username)
      assert.deepEqual(signals(), [
        ['sign_in.many_addresses', '198.51.100.19', subjectId, { number: 20 }],
      ])
    }
  })

  test('are none of people who log in', async () => {
    const names = await Promise.all(Array.from({ length: 25 }, newcomer))
    for (const { name } of names) await signIn(name)
    assert.deepEqual(signals(), [])
  })
})

describe('sessions', () => {
  test('ended by a log-out, once', async () => {
    const { name, id } = await newcomer()
    const { refreshToken, sessionId } = await signIn(name)
    const logout = () => server.call('POST /api/auth/logout', { body: { refreshToken } })
    const ended: Expected = {
      type: 'session.ended',
      actorId: id,
      subjectId: id,
      sessionId,
      detail: { reason: 'signed_out' },
    }
    await expectEvents(logout, [ended])
    await expectEvents(logout, [])
  })

  test('ended one by one and all together by their user', async () => {
    const { name, id } = await newcomer()
    const other = await signIn(name)
    const { accessToken: token, sessionId } = await signIn(name)
    const who = { actorId: id, subjectId: id }
    await expectEvents(
      () => server.call(`DELETE /api/auth/sessions/${other.sessionId}`, { token }),
      [
        {
          ...who,
          type: 'session.ended',
          sessionId: other.sessionId,
          detail: { reason: 'ended_by_user' },
        },
      ],
    )
    await expectEvents(
      () => server.call('POST /api/auth/logout-all', { token }),
      [{ ...who, type: 'session.all_ended', sessionId }],
    )
  })

  test('refreshed: nothing to say, until something is odd', async () => {
    const { name, id } = await newcomer()
    const { refreshToken, sessionId } = await signIn(name)
    const who = { actorId: id, subjectId: id, sessionId, detail: { generation: 1 } }
    const refresh =
      (headers = {}) =>
      () =>
        server.call('POST /api/auth/refresh', { body: { refreshToken }, headers })
    await expectEvents(refresh(), [])
    await expectEvents(refresh(), [])
    await expectEvents(refresh(agent), [
      { ...who, type: 'session.replayed_elsewhere', userAgent: agent['user-agent'] },
    ])
    // However often it is presented.
    await expectEvents(refresh(agent), [])
    server.clock.advance(30_000)
    await expectEvents(refresh(), [{ ...who, type: 'session.superseded' }])
  })

  test('stolen', async () => {
    const { name, id } = await newcomer()
    const { refreshToken, sessionId } = await signIn(name)
    let current = refreshToken
    for (let i = 0; i < 2; i++) {
      current = String((await server.refresh(current)).body['refreshToken'])
      secrets.add(current)
    }
    const who = { actorId: id, subjectId: id, sessionId, detail: { generation: 1 } }
    const refresh = () => server.refresh(refreshToken)
    await expectEvents(refresh, [{ ...who, type: 'session.theft' }])
    await expectEvents(refresh, [])
  })
})

describe('what stands guard', () => {
  test('a wrong origin, and a missing CSRF token', async () => {
    const { name } = await newcomer()
    const { refreshToken: cookie, sessionId } = await signIn(name)
    await expectEvents(
      () =>
        server.call('POST /api/auth/refresh', { cookie, headers: { origin: 'https://evil.test' } }),
      [{ type: 'csrf.refused', detail: { check: 'origin' } }],
    )
    await expectEvents(
      () => server.call('POST /api/auth/refresh', { cookie }),
      [{ type: 'csrf.refused', sessionId, detail: { check: 'token' } }],
    )
  })

  test('a limit that was passed, once in a window', async () => {
    const { name, id } = await newcomer()
    const { accessToken: token } = await signIn(name)
    const body = { currentPassword: 'x', newPassword: 'another horse battery' }
    const change = () => server.call('POST /api/auth/password', { token, body })
    for (let i = 0; i < 10; i++) await change()
    const detail = { limit: 'RATE_LIMIT_LOGIN', kind: 'password' }
    await expectEvents(change, [{ type: 'limit.exceeded', actorId: id, subjectId: id, detail }])
    await expectEvents(change, [])
  })

  test('keys rotated by hand', async () => {
    await expectEvents(
      () => server.auth.keys.rotate(),
      [{ type: 'keys.rotated', detail: { now: false } }],
      false,
    )
    await expectEvents(
      () => server.auth.keys.rotate({ now: true }),
      [{ type: 'keys.rotated', detail: { now: true } }],
      false,
    )
  })
})

test('keys that were rotated because it was time', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const own = await startTestServer(t)
  own.clock.advance(30 * 86_400_000)
  t.mock.timers.tick(60_000)
  while (own.events.length === 0) await new Promise(setImmediate)
  assert.deepEqual(
    own.takeEvents().map(({ type, actorId, detail }) => ({ type, actorId, detail })),
    [{ type: 'keys.rotated', actorId: null, detail: { automatic: true } }],
  )
})

const callAs = (credential: string): Promise<TestAnswer> =>
  server.call('GET /api/auth/revocations', { headers: { authorization: `Basic ${credential}` } })

describe('services', () => {
  test('added, removed, and refused with the credential of one that is gone', async () => {
    let credential = ''
    await expectEvents(
      async () => {
        const added = await server.auth.services.add('billing')
        assert.ok(added.ok)
        secrets.add(added.secret)
        credential = Buffer.from(`${added.service.id}:${added.secret}`).toString('base64')
      },
      [{ type: 'service.added', detail: { service: 'billing' } }],
      false,
    )
    await expectEvents(() => callAs(credential), [])
    await expectEvents(
      () => server.auth.services.remove('billing'),
      [{ type: 'service.removed', detail: { service: 'billing' } }],
      false,
    )
    await expectEvents(
      () => callAs(credential),
      [{ type: 'service.refused', detail: { service: null } }],
    )
  })
})

describe('second factors', () => {
  test('that are added, replaced, used, guessed at and removed', async () => {
    const { name, id } = await newcomer()
    const { accessToken, sessionId } = await signIn(name)
    const who = { actorId: id, subjectId: id }
    let token = accessToken
    let shown = ''
    const call = async (route: string, body?: object) => {
      const answer = await server.call(route, { token, ...(body && { body }) })
      assert.ok(answer.status < 300, JSON.stringify(answer.body))
      if ('token' in answer.body) token = String(answer.body['token'])
      secrets.add(token)
      return answer.body
    }
    const addApp = async () => {
      shown = String((await call('POST /api/auth/mfa/totp'))['secret'])
      secrets.add(shown)
      const code = codeOf(shown, server.clock())
      return call('POST /api/auth/mfa/totp/confirm', { code, name: 'Phone' })
    }
    const added = (detail: object): Expected[] => [
      { type: 'factor.added', ...who, sessionId, detail: { ...detail } },
    ]
    await expectEvents(addApp, added({ factor: 'totp' }))
    await expectEvents(addApp, added({ factor: 'totp', replaced: true }))
    let codes: readonly string[] = []
    const make = async () => {
      codes = (await call('POST /api/auth/mfa/recovery-codes'))['recoveryCodes'] as string[]
      for (const code of codes) secrets.add(code)
    }
    await expectEvents(make, added({ factor: 'recovery' }))
    const prove = (factor: string, code: string) => async () => {
      const login = { username: name, password: testPassword, delivery: 'body' }
      const { mfaToken } = (await server.call('POST /api/auth/login', { body: login })).body
      await server.call('POST /api/auth/mfa', { body: { mfaToken, factor, code } })
    }
    const reason = { reason: 'wrong_second_factor', factor: 'totp' }
    await expectEvents(prove('totp', codeOf(shown, server.clock())), [
      { type: 'sign_in.failed', ...who, detail: reason },
    ])
    server.takeEvents()
    await prove('recovery', codes[3] ?? '')()
    assert.deepEqual(
      server
        .takeEvents()
        .map(({ type, actorId, subjectId, detail }) => [type, actorId, subjectId, detail]),
      [
        ['factor.used_recovery', id, id, { remaining: 9 }],
        ['sign_in.succeeded', id, id, { factor: 'password recovery' }],
      ],
    )
    seenTypes.add('factor.used_recovery')
    const { factors } = await call('GET /api/auth/mfa/factors')
    const app = (factors as { id: string; kind: string }[]).find(({ kind }) => kind === 'totp')
    const remove = () => call(`DELETE /api/auth/mfa/factors/${app?.id}`)
    await expectEvents(remove, [
      { type: 'factor.removed', ...who, sessionId, detail: { factor: 'totp' } },
    ])
  })
})

describe('all of it', () => {
  test('was every kind there is', () => {
    const source = readFileSync(new URL('event.ts', import.meta.url), 'utf8')
    // A database that lost writes has a test beside refresh/; what needs the link of a mail has its own beside its flow.
    const elsewhere = new Set([
      'session.restored',
      'factor.cloned',
      'email.verified',
      'email.changed',
      'email.change_undone',
      'password.reset',
    ])
    assert.deepEqual(
      auditTypes(source).filter(
        (type) => !seenTypes.has(type as AuditType) && !elsewhere.has(type),
      ),
      [],
    )
  })

  test('stands in the database, the log and the metrics, and holds no secret', async () => {
    const metrics = await server.auth.metrics()
    const counted = [...metrics.matchAll(/countersign_audit_events_total\{type="[^"]+"\} (\d+)/g)]
    const database = new DatabaseSync(join(directory, 'x.db'), { readOnly: true })
    const rows = database.prepare('SELECT * FROM audit_events ORDER BY id').all()
    database.close()
    const total = counted.reduce((sum, [, each]) => sum + Number(each), 0)
    assert.equal(rows.length, total)
    assert.equal(new Set(rows.map((row) => row['id'])).size, total)
    assert.equal(server.log.filter(({ fields }) => 'audit' in fields).length, total)
    const text = JSON.stringify([rows, server.log, metrics, everything])
    assert.ok(secrets.size > 20)
    for (const secret of secrets) assert.equal(text.includes(secret), false, secret)
  })
})
