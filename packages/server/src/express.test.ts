import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import express from 'express'
import { createCountersign, type Countersign, StoreUnavailableError } from './index.ts'
import { expressGuards } from './express.ts'

let auth: Countersign
let server: Server
let folder: string
let address: string
let authorization: string
let userId: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-'))
  auth = await createCountersign({ databaseUrl: `sqlite:${join(folder, 'data.db')}` })
  const { requireAuth, requireRole } = expressGuards(auth)
  const app = express()
  app.use('/api', auth.handler)
  app.get('/orders', requireAuth, (request, response) => {
    response.json(request.user)
  })
  app.get('/reports', requireRole('admin'), (_, response) => {
    response.end('reports')
  })
  server = createServer(app)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port }: AddressInfo = Object(server.address())
  address = `http://127.0.0.1:${port}`
  const account = { username: 'ada', password: 'analytical engine 1843' }
  const opened = await auth.accounts.create(account)
  assert.ok(opened.ok)
  userId = opened.account.id
  await logIn()
})
after(async () => {
  server.close()
  server.closeAllConnections()
  await auth.close()
  await rm(folder, { recursive: true })
})

async function logIn(): Promise<void> {
  const response = await fetch(`${address}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'ada', password: 'analytical engine 1843' }),
  })
  const { token } = (await response.json()) as { token: string }
  authorization = `Bearer ${token}`
}

async function get(path: string, headers: Record<string, string> = { authorization }) {
  const response = await fetch(address + path, { headers })
  return { status: response.status, body: await response.text() }
}

test('the guards tell who calls, by the account as it is now', async () => {
  const { status, body } = await get('/orders')
  assert.equal(status, 200)
  assert.partialDeepStrictEqual(JSON.parse(body), { userId, username: 'ada', role: 'user' })
  assert.equal((await get('/reports')).status, 403)
})

test('a role guard without user says so in the words that clients know', async () => {
  const { status, body } = await get('/reports', {})
  assert.equal(status, 401)
  assert.equal(JSON.parse(body).message, 'Unauthorized')
})

test('a change of role ends the token and counts from the next one on', async () => {
  await auth.accounts.setRole(userId, 'admin')
  assert.equal((await get('/reports')).status, 401)
  await logIn()
  assert.equal((await get('/reports')).body, 'reports')
})

test('a role that is not configured is found at start', () => {
  assert.throws(() => expressGuards(auth).requireRole('amdin'), /names amdin/)
})

test('a store that cannot answer is a 503, and nobody passes', async () => {
  const outage = new StoreUnavailableError('locked', 'The database is locked')
  const away = { ...auth, authenticate: () => Promise.reject(outage) }
  const app = express()
  app.get('/', expressGuards(away).requireAuth, (_, response) => {
    response.end('in')
  })
  const other = createServer(app)
  await once(other.listen(0, '127.0.0.1'), 'listening')
  const { port }: AddressInfo = Object(other.address())
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { authorization } })
  assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '1'])
  other.close()
  other.closeAllConnections()
})
