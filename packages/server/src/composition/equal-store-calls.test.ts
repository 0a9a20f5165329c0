// Who exists is told by none of the flows: not by what they answer, and not by what they do before they answer. The store
// is a real one; which of its operations an answer waits for is written down.

import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { before, after, describe, test } from 'node:test'
import { createLifetime, testPassword } from '../countersign.fixture.ts'
import { createTestClock } from '../foundation/deterministic.fixture.ts'
import { createTestMailbox } from '../mail/mailbox.fixture.ts'
import { createRevokingStore } from '../revocation/revoking-store.ts'
import { createFetchHandler } from '../routing/fetch-handler.ts'
import { createRouteTable } from '../routing/route-table.ts'
import type { Store } from '../stores/store.ts'
import { buildApplication } from './application.ts'
import { openBase } from './base.ts'
import { buildRoutes } from './routes.ts'
import { buildServices } from './services.ts'
import { openState } from './state.ts'

interface Scope {
  readonly calls: string[]
  isOver: boolean
}

const scopes = new AsyncLocalStorage<Scope>()
const clock = createTestClock()
const mailbox = createTestMailbox()
const lifetime = createLifetime()
let ask: (route: string, body: object, token?: string) => Promise<Seen>

/** The operations of the store that a call waits for, until it is answered. */
function watched(store: Store): Store {
  const members = Object.entries(store).map(([name, member]: [string, unknown]) => {
    if (typeof member !== 'function') return [name, member]
    const call = (...parameters: readonly unknown[]): unknown => {
      const scope = scopes.getStore()
      if (scope?.isOver === false) scope.calls.push(name)
      return member.apply(store, parameters)
    }
    return [name, call]
  })
  return Object.fromEntries(members) as Store
}

interface Seen {
  readonly status: number
  readonly body: Record<string, unknown>
  /** All that an attacker may compare. */
  readonly visible: object
}

async function open(): Promise<void> {
  const base = openBase({
    production: false,
    databaseUrl: 'sqlite::memory:',
    clock,
    sendMail: mailbox.sendMail,
    rateLimitMail: '1000/1h',
    rateLimitRegister: '1000/1h',
    rateLimitAnonymous: '10000/1h',
  })
  const opened = await openState(base)
  const store = watched(opened.store)
  const revoking = createRevokingStore(store, { note: () => undefined }, clock)
  const state = { ...opened, store, attempts: store, revoking }
  const services = await buildServices(base, state)
  const table = createRouteTable(buildRoutes(base, state, services))
  const handle = createFetchHandler(buildApplication(base, state, services, table).application)
  lifetime.after(async () => {
    await services.mail?.outbox.stop()
    await opened.store.close()
  })
  ask = async (route, body, token) => {
    const [method = '', path = ''] = route.split(' ')
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const headers = { 'content-type': 'application/json', ...authorization }
    const init = { method, headers, body: JSON.stringify(body) }
    const scope: Scope = { calls: [], isOver: false }
    const answer = await scopes.run(scope, () =>
      handle(new Request(`http://localhost:3000${path}`, init), { remoteAddress: '203.0.113.9' }),
    )
    scope.isOver = true
    const text = await answer.text()
    const read = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
    return { status: answer.status, body: read, visible: compare(answer, read, scope.calls) }
  }
}
after(lifetime.end)

function compare(answer: Response, body: Record<string, unknown>, calls: string[]): object {
  const changing = new Set(['x-request-id', 'ratelimit-remaining', 'ratelimit-reset'])
  const headers = [...answer.headers].map(([name, value]) =>
    changing.has(name) ? name : [name, value],
  )
  const { requestId: _request, challenge, user: _user, ...rest } = body
  const challengeLength = typeof challenge === 'string' ? challenge.length : undefined
  // What runs at once has no order.
  return { status: answer.status, headers, rest, challengeLength, calls: calls.toSorted() }
}

/** Addresses of one length, as sealed answers are as long as what is in them. */
const addresses = {
  known: 'known@example.org',
  unverified: 'later@example.org',
  disabled: 'gone1@example.org',
  deleted: 'gone2@example.org',
  unknown: 'never@example.org',
}

const tokens = new Map<string, string>()

async function register(username: string, email: string): Promise<string> {
  await ask('POST /api/auth/register', { username, email, password: testPassword })
  return mailbox.takeToken(email)
}

async function verified(username: string, email: string): Promise<void> {
  const token = await register(username, email)
  const { status } = await ask('POST /api/auth/email/verify', { token, password: testPassword })
  assert.equal(status, 204)
  const login = { username, password: testPassword, delivery: 'body' }
  tokens.set(username, String((await ask('POST /api/auth/login', login)).body['accessToken']))
}

before(async () => {
  await open()
  for (const name of ['known', 'disabled', 'deleted'] as const) {
    await verified(name, addresses[name])
  }
  await register('unverified', addresses.unverified)
  await ask('DELETE /api/auth/account', {}, tokens.get('deleted'))
  await mailbox.take(addresses.deleted)
})

/** The same call for every address; all that is seen of it is the same, and is so often as it is asked. */
async function expectAlike(
  route: string,
  bodyFor: (email: string) => object,
  token?: string,
): Promise<Seen> {
  const seen = new Map<string, Seen>()
  for (const [name, email] of Object.entries(addresses)) {
    seen.set(name, await ask(route, bodyFor(email), token))
  }
  const [[, first] = assert.fail(), ...rest] = [...seen]
  for (const [name, { visible }] of rest) assert.deepEqual(visible, first.visible, name)
  return first
}

const wrong = (username: string) => ({ username, password: 'a wrong password' })

describe('an address that is known, unverified, disabled, deleted or unknown is one to', () => {
  test('who asks for a mail to reset a password', async () => {
    const { status } = await expectAlike('POST /api/auth/password/forgot', (email) => ({ email }))
    assert.equal(status, 202)
  })

  test('who asks for a code to log in with', async () => {
    const { status } = await expectAlike('POST /api/auth/code', (email) => ({ email }))
    assert.equal(status, 202)
  })

  test('who names a page to go on to, which there is not', async () => {
    for (const more of [
      { redirectUrl: 'https://evil.example' },
      { redirect_uri: '//evil.example' },
      { returnTo: 'javascript:alert(1)' },
      { callbackURL: 'https://localhost:3000@evil.example/' },
    ]) {
      for (const path of ['password/forgot', 'code']) {
        const { status } = await expectAlike(`POST /api/auth/${path}`, (email) => ({
          email,
          ...more,
        }))
        assert.equal(status, 400, path)
      }
    }
  })

  test('who guesses a code', async () => {
    const challenges = new Map<string, unknown>()
    for (const email of Object.values(addresses)) {
      challenges.set(email, (await ask('POST /api/auth/code', { email })).body['challenge'])
    }
    // The code is in the mailbox, so that there is one to guess.
    await mailbox.take(addresses.known)
    const guess = (email: string) => ({ challenge: challenges.get(email), code: '00000' })
    const { status } = await expectAlike('POST /api/auth/code/verify', guess)
    assert.equal(status, 400)
  })

  test('who guesses a password', async () => {
    assert.equal((await expectAlike('POST /api/auth/login', wrong)).status, 401)
    // Name and address of one account share their attempts.
    clock.advance(900_000)
    const names: Readonly<Record<string, string>> = Object.fromEntries(
      Object.entries(addresses).map(([name, email]) => [email, name]),
    )
    const byName = (email: string) => wrong(names[email] ?? '')
    assert.equal((await expectAlike('POST /api/auth/login', byName)).status, 401)
  })

  test('who registers with it', async () => {
    let count = 0
    const wish = (email: string) => ({
      username: `newcomer${count++}`,
      email,
      password: testPassword,
    })
    assert.equal((await expectAlike('POST /api/auth/register', wish)).status, 201)
  })

  test('who wants to have it', async () => {
    await verified('mover', 'mover@example.org')
    const { status } = await expectAlike(
      'POST /api/auth/email',
      (email) => ({ email }),
      tokens.get('mover'),
    )
    assert.equal(status, 202)
  })
})
