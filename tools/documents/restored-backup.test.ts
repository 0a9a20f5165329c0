// What SECURITY.md tells whoever restores a backup to run, run on each database.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test, type TestContext } from 'node:test'
import { createCountersign } from '@countersign/server'
import { createVerifier } from '@countersign/verify'
import { MongoClient } from 'mongodb'
import {
  call,
  generousLimits,
  logIn,
  refresh,
  register,
} from '../../packages/countersign/src/caller.fixture.ts'
import { createProgram } from '../../packages/countersign/src/program.fixture.ts'
import { createSite, type Site } from '../../packages/server/src/library.fixture.ts'
import { postgresTest } from '../postgres.fixture.ts'
import { startServers } from '../servers/database-server.ts'
import { mongodbServers } from '../servers/mongodb-servers.ts'
import { until } from '../until.ts'
import { findFreePort } from './shell.fixture.ts'

const password = 'a long enough phrase 7'
const newPassword = 'another long phrase 8'

function statementFor(database: string): string {
  const text = readFileSync(join(import.meta.dirname, '../../SECURITY.md'), 'utf8')
  const found = new RegExp(`^\\| ${database} \\| \`(.+)\` \\|$`, 'm').exec(text)?.[1]
  assert.ok(found !== undefined, `SECURITY.md names no statement for ${database}`)
  return found
}

describe('a restored backup of the embedded database', () => {
  test('revives what was ended, and nothing once its statement and a rotation have run', async (t) => {
    const program = createProgram(t)
    const data = join(program.directory, 'data')
    const backup = join(program.directory, 'backup')
    const variables = { ...generousLimits, PORT: `${await findFreePort()}` }

    const first = await program.start(variables)
    const { url } = first
    await register(url, 'ada', password)
    await register(url, 'bob', password)
    const ended = await logIn(url, 'ada', password)
    const used = await logIn(url, 'bob', password)
    const credential = await addService(program)
    assert.equal(await first.stop(), 0)
    cpSync(data, backup, { recursive: true })

    const second = await program.start(variables)
    const revocations = { credential, onStale: 'refuse' } as const
    const verifier = createVerifier({ issuer: url, audience: url, revocations })
    t.after(() => verifier.close())
    await verifier.ready()
    assert.equal(
      (await call(url, '/api/auth/logout-all', { ...post, token: ended.token })).status,
      204,
    )
    const change = { currentPassword: password, newPassword }
    const changed = await call(url, '/api/auth/password', { body: change, token: used.token })
    assert.equal(changed.status, 200)
    assert.equal(
      (await call(url, '/api/auth/logout-all', { ...post, token: changed.token })).status,
      204,
    )
    const lost = await logIn(url, 'bob', newPassword)
    await until(async () => !(await verifier.verify(used.token)).ok, 'the verifier to hear of it')
    assert.equal(await second.stop(), 0)

    restore(backup, data)
    const revived = await program.start(variables)
    assert.equal((await refresh(url, ended.refreshToken)).status, 200, 'why the rest is needed')
    assert.equal((await profile(url, used.token)).status, 200)
    assert.equal(await revived.stop(), 0)

    restore(backup, data)
    const database = new DatabaseSync(join(data, 'countersign.db'))
    assert.equal(database.prepare(statementFor('SQLite')).run().changes, 2)
    database.close()
    const rotated = await program.run(['keys', 'rotate', '--now'], { variables })
    assert.equal(rotated.code, 0, rotated.err)
    await program.start(variables)
    for (const { refreshToken, token } of [ended, used, lost]) {
      assert.equal((await refresh(url, refreshToken)).status, 401)
      assert.equal((await profile(url, token)).status, 401)
    }
    assert.equal((await logIn(url, 'bob', newPassword)).status, 401, 'that is lost')
    const again = await logIn(url, 'bob', password)
    assert.equal((await profile(url, again.token)).status, 200)
    // It remembers bob by an epoch that his account reached in the time that is lost.
    await until(async () => (await verifier.verify(again.token)).ok, 'the verifier to accept bob')
  })
})

const post = { method: 'POST' }

function profile(url: string, token: string): ReturnType<typeof call> {
  return call(url, '/api/users', { token })
}

function restore(backup: string, data: string): void {
  rmSync(data, { recursive: true })
  cpSync(backup, data, { recursive: true })
}

async function addService(
  program: ReturnType<typeof createProgram>,
): Promise<{ id: string; secret: string }> {
  const { out, err } = await program.run(['services', 'add', 'billing', '--json'])
  assert.equal(err, '')
  return JSON.parse(out)
}

postgresTest('the statement for PostgreSQL ends every session', async (t, server) => {
  const url = server.urlFor(t)
  const schema = new URL(url).searchParams.get('schema') ?? ''
  const client = await server.connect(t)
  await endsEverySession(t, url, async () => {
    const { rowCount } = await client.query(
      statementFor('PostgreSQL').replace('countersign.', `${schema}.`),
    )
    return rowCount
  })
})

for (const server of await startServers(mongodbServers)) {
  test(`the statement for MongoDB ends every session (${server.name})`, async (t) => {
    const url = server.urlOf(`restored_${randomBytes(4).toString('hex')}`)
    const client = new MongoClient(url)
    t.after(() => client.close())
    const [, collection = '', update = ''] =
      /^db\.(\w+)\.updateMany\(\{\}, (.+)\)$/.exec(statementFor('MongoDB')) ?? []
    await endsEverySession(t, url, async () => {
      const done = await client.db().collection(collection).updateMany({}, JSON.parse(update))
      return done.modifiedCount
    })
  })
}

/** @param run the statement; resolves with the number of accounts that it changed */
async function endsEverySession(
  t: TestContext,
  databaseUrl: string,
  run: () => Promise<number | null>,
): Promise<void> {
  const auth = await createCountersign({
    databaseUrl,
    publicUrl: 'http://localhost:3000',
    secret: randomBytes(32).toString('base64url'),
  })
  t.after(() => auth.close())
  const site = createSite('http://localhost:3000', (url, init) =>
    auth.fetch(new Request(url, init)),
  )
  const { token, refreshToken } = await begin(site)
  assert.equal(await run(), 1)
  const read = await site.call('GET', '/api/users', {
    headers: { authorization: `Bearer ${token}` },
  })
  assert.equal(read.status, 401)
  const refreshed = await site.call('POST', '/api/auth/refresh', { body: { refreshToken } })
  assert.equal(refreshed.json()['code'], 'token_revoked')
}

async function begin(site: Site): Promise<{ token: string; refreshToken: string }> {
  const who = { username: 'ada', password }
  await site.call('POST', '/api/auth/register', { body: who })
  const answer = await site.call('POST', '/api/auth/login', { body: { ...who, delivery: 'body' } })
  assert.equal(answer.status, 200, answer.text)
  return answer.json()
}
