import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { startServers } from '../../../../tools/servers/database-server.ts'
import { postgresTest } from '../../../../tools/postgres.fixture.ts'
import { type RedisServer, redisServer } from '../../../../tools/servers/redis.ts'
import type { Bus } from '../bus/bus.ts'
import { openPostgresBus } from '../bus/postgres-bus.ts'
import { type Countersign, createCountersign } from '../create-countersign.ts'
import { systemClock } from '../foundation/clock.ts'
import { silentLogger } from '../foundation/logger.ts'
import { createRedisBus } from '../redis/redis-bus.ts'
import { connectRedis } from '../redis/redis-connection.ts'
import { announceKeyChange, hearInstances } from './hear-instances.ts'

const [server] = (await startServers([redisServer])) as RedisServer[]
const password = 'a long enough phrase 7'
let databases = 0

if (server !== undefined) {
  const openTwo = async (
    t: TestContext,
    more: object = {},
  ): Promise<[Countersign, Countersign]> => {
    const directory = mkdtempSync(join(tmpdir(), 'countersign-instances-'))
    const options = {
      databaseUrl: `sqlite:${join(directory, 'countersign.db')}`,
      redisUrl: server.urlOf(`${databases++ % 16}`),
      jwtIssuer: `https://${databases}.example.com`,
      ...more,
    }
    const first = await createCountersign(options)
    const second = await createCountersign(options)
    t.after(async () => {
      await first.close()
      await second.close()
      rmSync(directory, { recursive: true })
    })
    return [first, second]
  }

  describe('instances on one database and one Redis', () => {
    test('hear of a revocation from the bus alone', async (t) => {
      const [first, second] = await openTwo(t)
      const { token, sessionId } = await logIn(first)
      assert.equal(second.verifier.verify(token).ok, true)
      // Nothing of it stands in the database, so no poll can find it.
      const redis = await connectRedis(first.settings.redisUrl ?? '', silentLogger, 'test ')
      t.after(() => redis.close())
      const bus = createRedisBus(redis, `countersign ${first.settings.issuer} `)
      await publishUntil(
        () => bus.publish(`session ${sessionId}`),
        () => !second.verifier.verify(token).ok,
      )
    })

    test('tell of what they revoke and of keys that they make', async (t) => {
      const [first] = await openTwo(t)
      const redis = await connectRedis(first.settings.redisUrl ?? '', silentLogger, 'test ')
      t.after(() => redis.close())
      await tellsWhatItDoes(first, createRedisBus(redis, `countersign ${first.settings.issuer} `))
    })

    test('read the keys again when one of them says that they changed', async (t) => {
      const redis = await connectRedis(server.urlOf(`${databases++ % 16}`), silentLogger, 'test ')
      t.after(() => redis.close())
      const bus = createRedisBus(redis, 'keys ')
      let follows = 0
      const keyring = { follow: async () => void follows++ }
      const clock = systemClock
      const revocations = { note: () => assert.fail('nothing was revoked') }
      hearInstances(bus, { keyring, revocations, clock, logger: silentLogger })
      await bus.publish('keys of mine')
      await publishUntil(
        () => (assert.equal(follows, 0), announceKeyChange(bus), Promise.resolve()),
        () => follows > 0,
      )
    })

    test('take no notice of what they do not understand', async (t) => {
      const [first, second] = await openTwo(t)
      const { token, sessionId, userId } = await logIn(first)
      const redis = await connectRedis(first.settings.redisUrl ?? '', silentLogger, 'test ')
      t.after(() => redis.close())
      const bus = createRedisBus(redis, `countersign ${first.settings.issuer} `)
      const odd = [
        '',
        'session',
        `subject ${userId}`,
        `subject ${userId} -1`,
        `subject ${userId} x`,
      ]
      for (const message of [...odd, '{"session":1}', 'SESSION x', '\0'.repeat(999)]) {
        await bus.publish(message)
      }
      await bus.publish(`subject ${userId} 0`)
      assert.equal(second.verifier.verify(token).ok, true)
      await publishUntil(
        () => bus.publish(`session ${sessionId}`),
        () => !second.verifier.verify(token).ok,
      )
    })

    test('accept a token of a key that another made a moment ago', async (t) => {
      // Without a bus, which would tell the second before it is asked.
      const [first, second] = await openTwo(t, { redisUrl: undefined })
      await logIn(first)
      await first.keys.rotate({ now: true })
      const { token } = await logIn(first, 'log in again')
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => call(second, 'GET', '/api/users', { token })),
      )
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
    })

    // It answered 204, and the session lived on.
    test('log out by a token of a key that another made a moment ago', async (t) => {
      const [first, second] = await openTwo(t, { redisUrl: undefined })
      await logIn(first)
      await first.keys.rotate({ now: true })
      const { token } = await logIn(first, 'log in again')
      assert.equal((await call(second, 'POST', '/api/auth/logout', { token })).status, 204)
      assert.equal((await call(second, 'GET', '/api/users', { token })).status, 401)
    })

    test('count failed log-ins exactly, whichever of them is tried', async (t) => {
      const both = await openTwo(t, { rateLimitLogin: '10/15m' })
      await logIn(both[0])
      const body = { username: 'ada', password: 'wrong guess 4711' }
      const answers = await Promise.all(
        Array.from({ length: 24 }, (_, index) =>
          call(index % 2 === 0 ? both[0] : both[1], 'POST', '/api/auth/login', { body }),
        ),
      )
      const statuses = answers.map(({ status }) => status)
      assert.equal(statuses.filter((status) => status === 401).length, 10)
      assert.equal(statuses.filter((status) => status === 429).length, 14)
    })

    test('add up the calls of one address', async (t) => {
      const [first, second] = await openTwo(t, { rateLimitAnonymous: '30/15m' })
      await addUpTheCalls(first, second)
    })
  })

  describe('instances whose Redis is killed', () => {
    test('go on, count in the database, say so, and recover', async (t) => {
      const both = await openTwo(t, { rateLimitLogin: '3/15m' })
      const { token } = await logIn(both[0])
      assert.deepEqual(await ready(both[0]), { status: 'ok', bus: 'connected' })
      await server.kill()
      await untilAsync(async () => (await ready(both[0])).status === 'degraded')
      const body = { username: 'ada', password: 'wrong guess 4711' }
      const statuses = []
      for (let index = 0; index < 6; index++) {
        const instance = index % 2 === 0 ? both[0] : both[1]
        statuses.push((await call(instance, 'POST', '/api/auth/login', { body })).status)
      }
      assert.deepEqual(statuses, [401, 401, 401, 429, 429, 429])
      assert.equal((await call(both[0], 'POST', '/api/auth/logout-all', { token })).status, 204)
      await untilAsync(async () => !both[1].verifier.verify(token).ok)
      await server.restart()
      await untilAsync(async () => (await ready(both[0])).status === 'ok')
    })
  })
}

postgresTest('instances on PostgreSQL hear of a revocation without Redis', async (t, postgres) => {
  const options = { databaseUrl: postgres.urlFor(t), secret: 'x7'.repeat(20) }
  const [first, second] = [await createCountersign(options), await createCountersign(options)]
  t.after(() => Promise.all([first.close(), second.close()]))
  const { token, sessionId } = await logIn(first)
  assert.equal(second.verifier.verify(token).ok, true)
  await untilAsync(async () => (await ready(second))['bus'] === 'connected')
  // Nothing of it stands in the database, so no poll can find it.
  assert.ok(first.settings.database.kind === 'postgres')
  const bus = await openPostgresBus(first.settings.database)
  t.after(() => bus.close())
  await publishUntil(
    () => bus.publish(`session ${sessionId}`),
    () => !second.verifier.verify(token).ok,
  )
})

postgresTest('instances on PostgreSQL tell each other without Redis', async (t, postgres) => {
  const options = {
    databaseUrl: postgres.urlFor(t),
    secret: 'x7'.repeat(20),
    rateLimitAnonymous: '30/15m',
  }
  const [first, second] = [await createCountersign(options), await createCountersign(options)]
  t.after(() => Promise.all([first.close(), second.close()]))
  assert.ok(first.settings.database.kind === 'postgres')
  const bus = await openPostgresBus(first.settings.database)
  t.after(() => bus.close())
  await t.test('of what they revoke and of keys that they make', () => tellsWhatItDoes(first, bus))
  await t.test('and add up the calls of one address', () => addUpTheCalls(first, second))
})

/** On a bus of its own: what the timers find later tells nothing of what was announced. */
async function tellsWhatItDoes(instance: Countersign, bus: Bus): Promise<void> {
  const heard = new Set<string>()
  bus.subscribe((message) => void heard.add(message))
  await publishUntil(
    () => bus.publish('ready'),
    () => heard.has('ready'),
  )
  const { token, sessionId, userId } = await logIn(instance)
  const path = `/api/auth/sessions/${sessionId}`
  assert.equal((await call(instance, 'DELETE', path, { token })).status, 204)
  await untilAsync(async () => heard.has(`session ${sessionId}`))
  const { token: next } = await logIn(instance, 'log in again')
  assert.equal((await call(instance, 'POST', '/api/auth/logout-all', { token: next })).status, 204)
  await untilAsync(async () => heard.has(`subject ${userId} 1`))
  assert.equal(heard.has('keys'), false)
  await instance.keys.rotate({ now: true })
  await untilAsync(async () => heard.has('keys'))
}

async function addUpTheCalls(first: Countersign, second: Countersign): Promise<void> {
  for (let index = 0; index < 20; index++) assert.equal(await isFull(first), false)
  let calls = 0
  while (!(await isFull(second))) {
    calls++
    assert.ok(calls <= 30, 'the second instance never heard of the first one’s calls')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  assert.ok(calls <= 20, `${calls} calls passed after 20 of 30`)
}

async function logIn(
  instance: Countersign,
  again?: string,
): Promise<{ token: string; sessionId: string; userId: string }> {
  const credentials = { username: 'ada', password }
  if (again === undefined) await call(instance, 'POST', '/api/auth/register', { body: credentials })
  const { json } = await call(instance, 'POST', '/api/auth/login', { body: credentials })
  const token = String(json['token'])
  const verification = instance.verifier.verify(token)
  assert.ok(verification.ok)
  return { token, sessionId: String(verification.claims.sid), userId: verification.claims.sub }
}

async function call(
  instance: Countersign,
  method: string,
  path: string,
  { token, body }: { token?: string; body?: object } = {},
): Promise<{ status: number; json: Record<string, unknown> }> {
  const request = new Request(`http://localhost:3000${path}`, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  const answer = await instance.fetch(request, { remoteAddress: '192.0.2.1' })
  const text = await answer.text()
  return { status: answer.status, json: text === '' ? {} : JSON.parse(text) }
}

async function isFull(instance: Countersign): Promise<boolean> {
  return (await call(instance, 'GET', '/api/users')).status === 429
}

async function ready(instance: Countersign): Promise<Record<string, unknown>> {
  return (await call(instance, 'GET', '/health/ready')).json
}

async function publishUntil(publish: () => Promise<void>, isHeard: () => boolean): Promise<void> {
  while (!isHeard()) {
    await publish()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function untilAsync(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10))
}
