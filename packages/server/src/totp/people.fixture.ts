// People with an authenticator app, on one or two servers that share a database.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { CountersignOptions } from '../config/options.ts'
import {
  readSignedIn,
  startTestServer,
  type TestAnswer,
  testPassword,
  type TestServer,
} from '../countersign.fixture.ts'
import type { Hooks } from '../library/hooks.ts'
import { openSqliteStore } from '../stores/sql/open-sqlite-store.ts'
import type { Store } from '../stores/store.ts'
import { codeOf } from './authenticator.fixture.ts'

export interface Cluster {
  readonly server: TestServer
  /** Another instance on the same database. */
  readonly other: TestServer
  readonly store: Store
  readonly file: string
}

export async function startCluster(
  t: TestContext,
  options: CountersignOptions & Omit<Hooks, 'clock'> = {},
): Promise<Cluster> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-totp-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'x.db')
  const both = {
    databaseUrl: `sqlite:${file}`,
    secret: 'a-secret-that-is-long-enough-for-tests',
    rateLimitAnonymous: '1000/1h',
    ...options,
  }
  const server = await startTestServer(t, both)
  const other = await startTestServer(t, { ...both, clock: server.clock })
  const store = await openSqliteStore({ file, clock: server.clock })
  t.after(() => store.close())
  return { server, other, store, file }
}

/** Confirms an app's first code; its step is used up. @returns the answer and the secret */
export async function enroll(
  server: TestServer,
  who: { readonly token?: string; readonly mfaToken?: string },
): Promise<{ readonly answer: TestAnswer; readonly secret: string }> {
  const { token, mfaToken } = who
  const body = mfaToken === undefined ? {} : { mfaToken }
  const begun = await server.call('POST /api/auth/mfa/totp', { token, body })
  assert.equal(begun.status, 200, JSON.stringify(begun.body))
  const secret = String(begun.body['secret'])
  const code = codeOf(secret, server.clock())
  const answer = await server.call('POST /api/auth/mfa/totp/confirm', {
    token,
    body: { ...body, code, name: 'Phone' },
  })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return { answer, secret }
}

/** An account with an app, whose next code is fresh. @returns its session's token, and the secret */
export async function personWithApp(
  server: TestServer,
  username: string,
): Promise<{ readonly userId: string; readonly token: string; readonly secret: string }> {
  const userId = await server.open(username)
  const { accessToken } = await server.signIn(username)
  const { answer, secret } = await enroll(server, { token: accessToken })
  server.clock.advance(30_000)
  return { userId, token: String(answer.body['token']), secret }
}

/** The password is right; the log-in waits. */
export async function begin(server: TestServer, username: string): Promise<TestAnswer> {
  const body = { username, password: testPassword, delivery: 'body' }
  return server.call('POST /api/auth/login', { body })
}

export async function beginToken(server: TestServer, username: string): Promise<string> {
  const answer = await begin(server, username)
  assert.equal(answer.status, 401, JSON.stringify(answer.body))
  return String(answer.body['mfaToken'])
}

export function prove(
  server: TestServer,
  mfaToken: string,
  code: string,
  factor = 'totp',
): Promise<TestAnswer> {
  return server.call('POST /api/auth/mfa', { body: { mfaToken, factor, code } })
}

/** The whole log-in with the app's present code. */
export async function signInWithApp(server: TestServer, username: string, secret: string) {
  const code = codeOf(secret, server.clock())
  const answer = await prove(server, await beginToken(server, username), code)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return readSignedIn(answer)
}

/** "200", "400 invalid_code". */
export function outcome({ status, body }: TestAnswer): string {
  const { code } = body
  return typeof code === 'string' ? `${status} ${code}` : `${status}`
}
