// A whole Countersign in process, on a database in memory, with a clock that stands until it is moved. Requests go in
// through fetch; what it logs and tells its host is kept.

import assert from 'node:assert/strict'
import type { AuditEvent } from './audit/event.ts'
import type { CountersignOptions } from './config/options.ts'
import { type Countersign, createCountersign } from './create-countersign.ts'
import type { Hooks } from './library/hooks.ts'
import { createTestClock, type TestClock } from './foundation/deterministic.fixture.ts'

export const testPassword = 'correct horse battery staple'

export interface Wish {
  readonly body?: unknown
  /** An access token. */
  readonly token?: string | undefined
  /** A refresh token, sent as the cookie. */
  readonly cookie?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

export interface TestAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

export interface SignedIn {
  readonly userId: string
  readonly sessionId: string
  readonly accessToken: string
  readonly refreshToken: string
  readonly csrfToken: string
}

/** A test, or a file of tests: what ends later than the server. */
export interface Lifetime {
  readonly after: (stop: () => Promise<void>) => void
}

/** For servers that all tests of a file share: `after(lifetime.end)`. */
export function createLifetime(): Lifetime & { readonly end: () => Promise<void> } {
  const stops: (() => Promise<void>)[] = []
  return {
    after: (stop) => void stops.push(stop),
    end: async () => {
      for (const stop of stops) await stop()
    },
  }
}

export interface TestServer {
  readonly auth: Countersign
  readonly clock: TestClock
  readonly events: AuditEvent[]
  readonly log: { readonly level: string; readonly message: string; readonly fields: object }[]
  /** `POST /api/auth/login` and so on; a body is sent as JSON, or as the form that it is. */
  readonly call: (route: string, wish?: Wish) => Promise<TestAnswer>
  /** Makes an account in process. @returns its id */
  readonly open: (username: string, role?: string) => Promise<string>
  readonly signIn: (username: string) => Promise<SignedIn>
  readonly refresh: (refreshToken: string) => Promise<TestAnswer>
  /** Types of the events so far, in their order; forgets them. */
  readonly takeEvents: () => AuditEvent[]
}

export async function startTestServer(
  lifetime: Lifetime,
  options: CountersignOptions & Omit<Hooks, 'clock'> & { readonly clock?: TestClock } = {},
): Promise<TestServer> {
  const clock = options.clock ?? createTestClock()
  const events: AuditEvent[] = []
  const log: TestServer['log'] = []
  const write = (level: string) => (fields: object, message: string) =>
    void log.push({ level, message, fields })
  const auth = await createCountersign({
    production: false,
    databaseUrl: 'sqlite::memory:',
    onEvent: (event) => void events.push(event),
    logger: {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    },
    ...options,
    clock,
  })
  lifetime.after(() => auth.close())
  const call = (route: string, wish: Wish = {}) => send(auth, route, wish)
  return {
    auth,
    clock,
    events,
    log,
    call,
    open: async (username, role) => {
      const wish = { username, password: testPassword }
      const opened = await auth.accounts.create(role === undefined ? wish : { ...wish, role })
      assert.ok(opened.ok, JSON.stringify(opened))
      return opened.account.id
    },
    signIn: async (username) => {
      const body = { username, password: testPassword, delivery: 'body' }
      const answer = await call('POST /api/auth/login', { body })
      assert.equal(answer.status, 200, JSON.stringify(answer.body))
      return readSignedIn(answer)
    },
    refresh: (refreshToken) => call('POST /api/auth/refresh', { body: { refreshToken } }),
    takeEvents: () => events.splice(0),
  }
}

export function readSignedIn({ body }: TestAnswer): SignedIn {
  const accessToken = String(body['accessToken'])
  const payload = Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()
  const claims = JSON.parse(payload) as { sub: string; sid: string }
  return {
    userId: claims.sub,
    sessionId: claims.sid,
    accessToken,
    refreshToken: String(body['refreshToken']),
    csrfToken: String(body['csrfToken']),
  }
}

async function send(auth: Countersign, route: string, wish: Wish): Promise<TestAnswer> {
  const [method = 'GET', path = '/'] = route.split(' ')
  const headers = new Headers(wish.headers)
  if (wish.token !== undefined) headers.set('authorization', `Bearer ${wish.token}`)
  if (wish.cookie !== undefined) headers.set('cookie', `refreshToken=${wish.cookie}`)
  if (wish.body !== undefined && !headers.has('content-type')) {
    headers.set('content-type', 'application/json')
  }
  const isForm = headers.get('content-type') === 'application/x-www-form-urlencoded'
  const written = isForm ? String(wish.body) : JSON.stringify(wish.body)
  const body = wish.body === undefined ? {} : { body: written }
  const request = new Request(`http://localhost:3000${path}`, { method, headers, ...body })
  const response = await auth.fetch(request, { remoteAddress: '203.0.113.9' })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  const parsed: unknown = isJson ? JSON.parse(text) : {}
  return {
    status: response.status,
    headers: response.headers,
    body: parsed as Record<string, unknown>,
  }
}
