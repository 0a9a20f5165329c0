// Acts that may remove an administrator wait for one another. Who may act is asked after the wait (decision 052).

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test, type TestContext } from 'node:test'
import { startTestServer, type Wish } from '../countersign.fixture.ts'

async function setUp(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'x.db')
  const server = await startTestServer(t, { databaseUrl: `sqlite:${file}` })
  await server.open('root', 'admin')
  const eve = await server.open('eve', 'admin')
  /** Begins a call while somebody else acts, and ends it after eve's sessions have ended. */
  const overtake = async (route: string, wish: Wish = {}): Promise<string> => {
    const { accessToken: token } = await server.signIn('eve')
    const database = new DatabaseSync(file)
    t.after(() => database.close())
    const expiresAt = server.clock() + 15_000
    database.exec(`INSERT INTO leases VALUES ('administrators', 'another', ${expiresAt})`)
    const answer = server.call(route, { token, ...wish })
    await server.call(`DELETE /api/users/${eve}/sessions`, {
      token: (await server.signIn('root')).accessToken,
    })
    database.exec(`DELETE FROM leases WHERE holder = 'another'`)
    const { status, body } = await answer
    return `${status} ${String(body['code'])}`
  }
  return { server, eve, overtake }
}

describe('an administrator who is one no longer when the wait is over', () => {
  test('deletes nobody', async (t) => {
    const { server, overtake } = await setUp(t)
    const id = await server.open('ada')
    assert.equal(await overtake(`DELETE /api/users/${id}`), '401 invalid_token')
    assert.ok(await server.auth.accounts.find(id))
  })

  test('disables nobody, and takes nobody’s role', async (t) => {
    const { server, overtake } = await setUp(t)
    const id = await server.open('ada', 'admin')
    for (const body of [{ disabled: true }, { role: 'user' }]) {
      assert.equal(await overtake(`PATCH /api/users/${id}`, { body }), '401 invalid_token')
    }
    const found = await server.auth.accounts.find(id)
    assert.deepEqual([found?.disabled, found?.role], [false, 'admin'])
  })

  test('does not even delete the own account', async (t) => {
    const { server, eve, overtake } = await setUp(t)
    assert.equal(await overtake('DELETE /api/auth/account'), '401 invalid_token')
    assert.ok(await server.auth.accounts.find(eve))
  })
})
