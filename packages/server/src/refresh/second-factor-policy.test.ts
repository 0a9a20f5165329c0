// SECOND_FACTOR may come to ask for more than a session's log-in had: with another role, or with another setting.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type SignedIn, startTestServer, type TestServer } from '../countersign.fixture.ts'

async function assertEnds(server: TestServer, { refreshToken, accessToken }: SignedIn) {
  for (let turn = 0; turn < 2; turn++) {
    const { status, body } = await server.refresh(refreshToken)
    assert.deepEqual([status, body['message']], [401, 'Token has been revoked'])
  }
  assert.equal((await server.call('GET /api/users', { token: accessToken })).status, 401)
  const ended = server.takeEvents().filter(({ type }) => type === 'session.ended')
  assert.deepEqual(
    ended.map(({ detail }) => detail),
    [{ reason: 'too_weak' }],
  )
}

describe('a session that a password alone began', () => {
  test('gives nobody the powers of a role that asks for a second factor', async (t) => {
    const server = await startTestServer(t, { secondFactor: 'admin' })
    const id = await server.open('ada')
    const session = await server.signIn('ada')
    assert.equal((await server.refresh(session.refreshToken)).status, 200)
    await server.auth.accounts.setRole(id, 'admin')
    await assertEnds(server, session)
  })

  test('goes on where another role asks for one', async (t) => {
    const server = await startTestServer(t, {
      secondFactor: 'admin',
      roles: ['user', 'editor', 'admin'],
    })
    const id = await server.open('ada')
    const { refreshToken } = await server.signIn('ada')
    await server.auth.accounts.setRole(id, 'editor')
    assert.equal((await server.refresh(refreshToken)).status, 200)
  })

  test('ends at its next refresh once everybody is asked for one', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'countersign-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const databaseUrl = `sqlite:${join(directory, 'x.db')}`
    const before = await startTestServer(t, { databaseUrl })
    await before.open('ada')
    const session = await before.signIn('ada')
    await before.auth.close()
    const { clock } = before
    const after = await startTestServer(t, { databaseUrl, clock, secondFactor: 'required' })
    await assertEnds(after, session)
  })
})
