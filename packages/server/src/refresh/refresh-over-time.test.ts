// What happens as time passes, to the millisecond: over HTTP only the clock of the machine could tell.

import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createTestClock } from '../foundation/deterministic.fixture.ts'
import { startTestServer, type TestAnswer, type TestServer } from '../countersign.fixture.ts'

const second = 1_000
const minute = 60 * second
const day = 86_400 * second

function outcome({ status, body }: TestAnswer): string {
  return status === 200 ? '200' : `${status} ${String(body['message'])}`
}

function tokenOf(answer: TestAnswer): string {
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return String(answer.body['refreshToken'])
}

/** Refreshes every so often until the clock has gone on by this much. */
async function keepAlive(server: TestServer, token: string, span: number): Promise<string> {
  const end = server.clock() + span
  let current = token
  while (server.clock() < end) {
    server.clock.advance(Math.min(6 * day, end - server.clock()))
    current = tokenOf(await server.refresh(current))
  }
  return current
}

describe('the idle life of a session', () => {
  test('is seven days: refreshed in the last millisecond it goes on, in the next it is over', async (t) => {
    const server = await startTestServer(t)
    await server.open('ada')
    const { refreshToken } = await server.signIn('ada')
    server.clock.advance(7 * day - 1)
    const next = tokenOf(await server.refresh(refreshToken))
    server.clock.advance(7 * day)
    assert.equal(outcome(await server.refresh(next)), '401 Invalid refresh token')
    // Nothing brings it back, and nothing was recorded that looks like theft.
    assert.equal(outcome(await server.refresh(next)), '401 Invalid refresh token')
    assert.equal(
      server.events.some(({ type }) => type === 'session.theft'),
      false,
    )
  })

  test('ends the CSRF token’s use and the session’s place in the list with it', async (t) => {
    const server = await startTestServer(t)
    await server.open('ada')
    const { refreshToken } = await server.signIn('ada')
    const csrf = () => server.call('GET /api/auth/csrf', { cookie: refreshToken })
    server.clock.advance(7 * day - 1)
    assert.equal((await csrf()).status, 200)
    server.clock.advance(1)
    assert.equal(outcome(await csrf()), '401 Invalid refresh token')
    const { accessToken } = await server.signIn('ada')
    const list = await server.call('GET /api/auth/sessions', { token: accessToken })
    assert.equal((list.body['sessions'] as unknown[]).length, 1)
  })
})

describe('the absolute life of a session', () => {
  test('is ninety days, however often it is refreshed', async (t) => {
    const server = await startTestServer(t)
    await server.open('ada')
    const { refreshToken } = await server.signIn('ada')
    const late = await keepAlive(server, refreshToken, 90 * day - 1)
    server.clock.advance(1)
    assert.equal(outcome(await server.refresh(late)), '401 Invalid refresh token')
  })

  test('cuts the cookie’s life and the access token’s to what remains', async (t) => {
    const server = await startTestServer(t)
    await server.open('ada')
    const { refreshToken, csrfToken } = await server.signIn('ada')
    const late = await keepAlive(server, refreshToken, 90 * day - 100 * second)
    const answer = await server.call('POST /api/auth/refresh', {
      cookie: late,
      headers: { 'x-csrf-token': csrfToken },
    })
    assert.equal(answer.body['expiresIn'], 100)
    assert.match(answer.headers.get('set-cookie') ?? '', /; Max-Age=100;/)
    const token = String(answer.body['accessToken'])
    server.clock.advance(100 * second - 1)
    assert.equal((await server.call('GET /api/users', { token })).status, 200)
    server.clock.advance(1)
    assert.equal((await server.call('GET /api/users', { token })).status, 401)
  })
})

describe('the refresh window', () => {
  test('gives the same successor for thirty seconds, and a new one from then on', async (t) => {
    const server = await startTestServer(t)
    await server.open('ada')
    const { refreshToken } = await server.signIn('ada')
    const successor = tokenOf(await server.refresh(refreshToken))
    server.clock.advance(30 * second - 1)
    assert.equal(tokenOf(await server.refresh(refreshToken)), successor)
    server.clock.advance(1)
    server.takeEvents()
    const superseding = tokenOf(await server.refresh(refreshToken))
    assert.notEqual(superseding, successor)
    assert.deepEqual(
      server.takeEvents().map(({ type }) => type),
      ['session.superseded'],
    )
    // Two tabs that retry agree, because the window moved on with it.
    server.clock.advance(30 * second - 1)
    assert.equal(tokenOf(await server.refresh(refreshToken)), superseding)
    // The successor that was lost is dead: whoever has it is a thief.
    assert.equal(outcome(await server.refresh(successor)), '401 Token has been revoked')
    assert.equal(outcome(await server.refresh(superseding)), '401 Token has been revoked')
  })

  test('is as long as configured, and none at all with zero', async (t) => {
    const server = await startTestServer(t, { refreshWindow: 0 })
    await server.open('ada')
    const { refreshToken } = await server.signIn('ada')
    const successor = tokenOf(await server.refresh(refreshToken))
    assert.notEqual(tokenOf(await server.refresh(refreshToken)), successor)
  })

  test('is not stretched by a clock that goes backwards', async (t) => {
    const server = await startTestServer(t)
    await server.open('ada')
    const { refreshToken } = await server.signIn('ada')
    const successor = tokenOf(await server.refresh(refreshToken))
    server.clock.advance(-30 * second)
    assert.notEqual(tokenOf(await server.refresh(refreshToken)), successor)
  })
})

describe('an access token', () => {
  test('is good for fifteen minutes, to the second, and its session refreshes on', async (t) => {
    const server = await startTestServer(t)
    await server.open('ada')
    const { accessToken: token, refreshToken } = await server.signIn('ada')
    server.clock.advance(15 * minute - 1)
    assert.equal((await server.call('GET /api/users', { token })).status, 200)
    server.clock.advance(1)
    const refused = await server.call('GET /api/users', { token })
    assert.equal(outcome(refused), '401 Invalid or expired token')
    assert.equal(refused.headers.get('www-authenticate'), 'Bearer error="invalid_token"')
    tokenOf(await server.refresh(refreshToken))
  })

  test('is dead in the moment in which its session is found stolen', async (t) => {
    const server = await startTestServer(t)
    await server.open('ada')
    const first = await server.signIn('ada')
    const second = tokenOf(await server.refresh(first.refreshToken))
    const third = tokenOf(await server.refresh(second))
    const answer = await server.refresh(third)
    const token = String(answer.body['accessToken'])
    assert.equal((await server.call('GET /api/users', { token })).status, 200)
    assert.equal(outcome(await server.refresh(first.refreshToken)), '401 Token has been revoked')
    assert.equal((await server.call('GET /api/users', { token })).status, 401)
    assert.equal(server.auth.verifier.verify(token).ok, false)
  })
})

describe('a database that was put back', () => {
  test('logs nobody out: a token from after the backup moves the session on', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'countersign-restore-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const [file, backup] = [join(directory, 'x.db'), join(directory, 'backup.db')]
    const clock = createTestClock()
    const start = () => startTestServer(t, { databaseUrl: `sqlite:${file}`, clock })

    const before = await start()
    await before.open('ada')
    let token = (await before.signIn('ada')).refreshToken
    await before.auth.close()
    copyFileSync(file, backup)
    const lost = await start()
    for (let i = 0; i < 3; i++) token = tokenOf(await lost.refresh(token))
    await lost.auth.close()
    copyFileSync(backup, file)

    const restored = await start()
    clock.advance(minute)
    token = tokenOf(await restored.refresh(token))
    assert.deepEqual(
      restored.takeEvents().map(({ type }) => type),
      ['session.restored'],
    )
    tokenOf(await restored.refresh(token))
  })
})
