// The baseline has to work, or beating it says nothing.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createTutorial } from './application.ts'
import { openDatabase } from './database.ts'

const secrets = { access: 'access secret', refresh: 'refresh secret' }
const ada = { username: 'ada', password: 'analytical engine 1843' }

test('registers, logs in, shows the profile and rotates the refresh token', async (t) => {
  const call = await start(t)
  assert.equal((await call('POST', '/api/auth/register', { body: ada })).status, 201)
  const wrong = { ...ada, password: 'difference engine' }
  assert.equal((await call('POST', '/api/auth/login', { body: wrong })).status, 401)
  const login = await call('POST', '/api/auth/login', { body: ada })
  assert.equal(login.status, 200)
  const { token } = (await login.json()) as { token: string }
  const authorization = `Bearer ${token}`
  const profile = await call('GET', '/api/users', { headers: { authorization } })
  const { username, role } = (await profile.json()) as Record<string, unknown>
  assert.deepEqual({ username, role }, { username: 'ada', role: 'user' })

  const cookie = cookieOf(login)
  const refreshed = await call('POST', '/api/auth/refresh', { headers: { cookie } })
  assert.equal(refreshed.status, 200)
  assert.notEqual(cookieOf(refreshed), cookie)
  const again = await call('POST', '/api/auth/refresh', { headers: { cookie } })
  assert.equal(again.status, 401, 'the row of a used token is gone')
})

test('refuses a forged access token', async (t) => {
  const call = await start(t)
  const headers = { authorization: 'Bearer a.b.c' }
  assert.equal((await call('GET', '/api/users', { headers })).status, 401)
})

type Call = (
  method: string,
  path: string,
  more: { readonly body?: object; readonly headers?: Record<string, string> },
) => Promise<Response>

async function start(t: TestContext): Promise<Call> {
  const directory = mkdtempSync(join(tmpdir(), 'baseline-tutorial-'))
  const database = openDatabase(join(directory, 'tutorial.db'), 'wal')
  const server = createTutorial(database, secrets).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
    database.close()
    rmSync(directory, { recursive: true })
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return (method, path, { body, headers }) =>
    fetch(`${url}${path}`, {
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
}

function cookieOf(response: Response): string {
  return response.headers.get('set-cookie')?.split(';', 1)[0] ?? ''
}
