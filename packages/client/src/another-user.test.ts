// What happens when somebody else signs in, or out, while a call of the one before is still under way.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { type Client, CountersignError, createClient } from './index.ts'
import { password, type Service, startService } from './service.fixture.ts'

const ada = { username: 'ada', password }
const bob = { username: 'bob', password }

test('a request that was refused as one user is not sent again as another', async (t) => {
  const { client, service, onAnswer } = await start(t)
  service.pass(20 * 60)
  onAnswer('/orders', 401, () => client.login(bob))
  const answer = await client.fetch('/orders', { method: 'POST', body: 'tea for ada' })
  assert.equal(answer.status, 401)
  assert.equal(service.calls.filter((call) => call === '/orders').length, 1)
  assert.equal((await client.fetch('/orders')).status, 200, 'what bob asks himself is his')
})

test('logging out everywhere, refused as one user, ends no session of another', async (t) => {
  const { client, service, onAnswer } = await start(t)
  service.pass(20 * 60)
  onAnswer('logout-all', 401, () => client.login(bob))
  await assert.rejects(client.logoutAll(), isRefusal)
  assert.equal(client.user?.username, 'bob')
  assert.equal((await client.fetch('/orders')).status, 200)
})

test('the fresh token after a change of password does not get another user’s name', async (t) => {
  const { client, onAnswer, service } = await start(t)
  onAnswer('password', 200, () => client.login(bob))
  await client.changePassword({ currentPassword: password, newPassword: 'another phrase 4711' })
  const profile = (await (await client.fetch('/api/users')).json()) as { username: string }
  assert.deepEqual([client.user?.username, profile.username], ['bob', 'bob'])
  assert.equal(service.calls.filter((call) => call === 'refresh').length, 0)
})

test('a refresh that is answered after logging out everywhere signs nobody in again', async (t) => {
  const { client, service, onAnswer, refusing } = await start(t)
  const changes: string[] = []
  client.onChange(({ reason }) => changes.push(reason))
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  onAnswer('refresh', 200, () => released)
  const asking = client.fetch(refusing)
  await until(() => service.calls.includes('refresh'))
  // The answer to the log-out is there before the one to the refresh.
  onAnswer('logout-all', 204, async () => release())
  const leaving = client.logoutAll()
  assert.equal((await asking).status, 401)
  await leaving
  assert.equal(client.user, null)
  assert.deepEqual(changes, ['signed_out'])
})

test('no client waits for another’s turn: each has a session of its own', async (t) => {
  const { client, service, onAnswer, refusing } = await start(t)
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  onAnswer('refresh', 200, () => released)
  const asking = client.fetch(refusing)
  await until(() => service.calls.includes('refresh'))
  const other = createClient({ url: service.url })
  t.after(() => other.close())
  await other.login(bob)
  release()
  assert.equal((await asking).status, 401)
})

async function start(t: TestContext): Promise<{
  readonly service: Service
  readonly client: Client
  /** Runs the work between the answer's arrival and its being read, once. */
  readonly onAnswer: (path: string, status: number, work: () => Promise<unknown>) => void
  /** An origin that may have the token, and refuses it. */
  readonly refusing: string
}> {
  const service = await startService(t)
  const server = createServer((_request, response) => void response.writeHead(401).end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const refusing = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const works = new Map<string, () => Promise<unknown>>()
  const client = createClient({
    url: service.url,
    origins: [refusing],
    fetch: async (input, init) => {
      const answer = await fetch(input, init)
      const path = new URL(answer.url).pathname.replace('/api/auth/', '')
      const work = works.get(`${path} ${answer.status}`)
      works.delete(`${path} ${answer.status}`)
      await work?.()
      return answer
    },
  })
  t.after(() => client.close())
  await client.register(ada)
  await client.register(bob)
  await client.login(ada)
  const onAnswer = (path: string, status: number, work: () => Promise<unknown>): void => {
    works.set(`${path} ${status}`, work)
  }
  return { service, client, onAnswer, refusing }
}

function isRefusal(error: unknown): boolean {
  return error instanceof CountersignError && error.code === 'invalid_token'
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}
