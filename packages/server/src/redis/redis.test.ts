import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { after, describe, test } from 'node:test'
import { startServers } from '../../../../tools/servers/database-server.ts'
import { type RedisServer, redisServer } from '../../../../tools/servers/redis.ts'
import { silentLogger } from '../foundation/logger.ts'
import type { AttemptStore } from '../limits/store.ts'
import { openSqliteStore } from '../stores/sql/open-sqlite-store.ts'
import { createRedisAttemptStore } from './redis-attempt-store.ts'
import { createRedisBus } from './redis-bus.ts'
import { connectRedis, RedisUnavailableError } from './redis-connection.ts'

const [server] = (await startServers([redisServer])) as RedisServer[]
const now = 1_800_000_000_000
const minute = { windowMs: 60_000, now }

if (server !== undefined) {
  const open = async () => {
    const connection = await connectRedis(server.urlOf('0'), silentLogger, 'test ')
    after(() => connection.close())
    return connection
  }
  const database = await openSqliteStore({ file: ':memory:', clock: () => now })
  after(() => database.close())
  let keys = 0
  const newKey = (): string => `login:${keys++}`

  describe('attempts in Redis', async () => {
    const stores = [
      createRedisAttemptStore(await open(), database, 'test '),
      createRedisAttemptStore(await open(), database, 'test '),
    ] as const

    test('grants no more than the limit to fifty callers at once on two instances', async () => {
      const key = newKey()
      const all = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          pick(stores, index).reserveAttempt(key, { ...minute, limit: 10 }),
        ),
      )
      assert.equal(all.filter(({ granted }) => granted).length, 10)
      assert.ok(all.every(({ resetsAt }) => resetsAt === now + 60_000))
      assert.ok(all.every(({ granted, count }) => granted || count === 10))
    })

    test('gives an attempt back to its window and to no other', async () => {
      const key = newKey()
      const [store, other] = stores
      const { resetsAt } = await store.reserveAttempt(key, { ...minute, limit: 1 })
      await other.releaseAttempt(key, resetsAt - 1)
      assert.equal((await store.reserveAttempt(key, { ...minute, limit: 1 })).granted, false)
      await other.releaseAttempt(key, resetsAt)
      await other.releaseAttempt(key, resetsAt)
      assert.equal((await store.reserveAttempt(key, { ...minute, limit: 1 })).granted, true)
      assert.equal((await store.reserveAttempt(key, { ...minute, limit: 1 })).granted, false)
    })

    test('starts a new window when the old one is over, and when it lies too far ahead', async () => {
      const key = newKey()
      const [store] = stores
      await store.reserveAttempt(key, { ...minute, limit: 1 })
      const later = { ...minute, now: now + 60_000, limit: 1 }
      assert.equal(
        (await store.reserveAttempt(key, { ...later, now: later.now - 1 })).granted,
        false,
      )
      assert.equal((await store.reserveAttempt(key, later)).granted, true)
      // The clock went back by a day.
      const earlier = { ...minute, now: now - 86_400_000, limit: 1 }
      assert.equal((await store.reserveAttempt(key, earlier)).granted, true)
    })

    test('takes several at once: all of them or none', async () => {
      const key = newKey()
      const [store] = stores
      const four = { ...minute, limit: 5, amount: 4 }
      assert.deepEqual(await store.reserveAttempt(key, four), {
        granted: true,
        count: 4,
        resetsAt: now + 60_000,
      })
      assert.equal((await store.reserveAttempt(key, four)).granted, false)
      const without = { ...four, amount: 1 }
      assert.equal((await store.reserveAttempt(key, without)).count, 5)
    })

    test('answers as the database does, whatever happens', async (t) => {
      const beside = await openSqliteStore({ file: ':memory:', clock: () => now })
      t.after(() => beside.close())
      await agreesWithDatabase(stores[0], beside, newKey)
    })
  })

  describe('without Redis', () => {
    test('attempts are counted by the database, and go back there', async () => {
      const redis = await open()
      const store = createRedisAttemptStore(redis, database, 'test ')
      const key = newKey()
      await store.reserveAttempt(key, { ...minute, limit: 3 })
      await server.kill()
      const granted = []
      for (let attempt = 0; attempt < 5; attempt++) {
        granted.push((await store.reserveAttempt(key, { ...minute, limit: 3 })).granted)
      }
      // A Redis that was started a moment ago is not believed to know everything: the first one counted here, too.
      assert.deepEqual(granted, [true, true, false, false, false], 'never open')
      await store.releaseAttempt(key, now + 60_000)
      assert.equal((await database.reserveAttempt(key, { ...minute, limit: 3 })).count, 3)
      assert.equal(redis.isReady(), false)
      await server.restart()
      await until(() => redis.isReady())
      // The new process knows neither the count nor the scripts.
      const other = newKey()
      await store.reserveAttempt(other, { ...minute, limit: 3 })
      await store.releaseAttempt(other, now + 60_000)
      assert.equal((await store.reserveAttempt(other, { ...minute, limit: 3 })).count, 1)
    })

    // Each new process began to count at nothing, so that every crash of Redis granted the whole limit again.
    test('attempts are granted twice the limit at most, however often Redis is killed', async () => {
      const redis = [await open(), await open()] as const
      const stores = [
        createRedisAttemptStore(redis[0], database, 'test '),
        createRedisAttemptStore(redis[1], database, 'test '),
      ] as const
      const key = newKey()
      let granted = 0
      const tryAll = async () => {
        for (let attempt = 0; attempt < 8; attempt++) {
          const answer = await pick(stores, attempt).reserveAttempt(key, { ...minute, limit: 3 })
          if (answer.granted) granted++
        }
      }
      await tryAll()
      assert.equal(granted, 3)
      for (let crash = 0; crash < 4; crash++) {
        await server.kill()
        await until(() => !redis[0].isReady() && !redis[1].isReady())
        if (crash % 2 === 1) await tryAll()
        await server.restart()
        await until(() => redis[0].isReady() && redis[1].isReady())
        await tryAll()
      }
      assert.ok(granted <= 6, `${granted} of a limit of 3`)
    })

    // To a process that had not seen the outage the Redis that came back empty was one that knew everything.
    test('attempts are granted twice the limit at most when instances start again with Redis', async () => {
      const key = newKey()
      let granted = 0
      for (let crash = 0; crash < 3; crash++) {
        const redis = await open()
        const store = createRedisAttemptStore(redis, database, 'test ')
        const tryAll = async () => {
          for (let attempt = 0; attempt < 5; attempt++) {
            if ((await store.reserveAttempt(key, { ...minute, limit: 3 })).granted) granted++
          }
        }
        await until(() => redis.isReady())
        await tryAll()
        await server.kill()
        await until(() => !redis.isReady())
        await tryAll()
        await server.restart()
      }
      assert.ok(granted <= 6, `${granted} of a limit of 3`)
    })

    test('a success after an outage is given back wherever it counted', async () => {
      const redis = await open()
      const store = createRedisAttemptStore(redis, database, 'test ')
      const key = newKey()
      await server.kill()
      await until(() => !redis.isReady())
      // Its window in the database ends at another time than the one that Redis will begin.
      await store.reserveAttempt(key, { ...minute, now: now - 7, limit: 2 })
      await server.restart()
      await until(() => redis.isReady())
      for (let success = 0; success < 5; success++) {
        const { granted, resetsAt } = await store.reserveAttempt(key, { ...minute, limit: 2 })
        assert.equal(granted, true)
        await store.releaseAttempt(key, resetsAt)
      }
      // What Redis refuses is not left counted in the database.
      const own = { ...minute, limit: 1 }
      const beside = newKey()
      await createRedisAttemptStore(await open(), database, 'test ').reserveAttempt(beside, own)
      assert.equal((await store.reserveAttempt(beside, own)).granted, false)
      assert.equal((await database.reserveAttempt(beside, own)).count, 1)
    })

    test('a hanging Redis is waited for once, then left alone', async () => {
      const redis = await open()
      const store = createRedisAttemptStore(redis, database, 'test ')
      const key = newKey()
      server.pause()
      try {
        const first = await store.reserveAttempt(key, { ...minute, limit: 2 })
        assert.equal(first.granted, true)
        assert.equal(redis.isReady(), false)
        await assert.rejects(
          redis.evaluate({ source: 'return 1', sha: '0'.repeat(40) }, [], []),
          RedisUnavailableError,
        )
      } finally {
        server.resume()
      }
      await until(() => redis.isReady())
    })

    test('a Redis that takes the connection and never speaks keeps nobody from starting', async (t) => {
      const sockets = new Set<Socket>()
      const silent = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1')
      await once(silent, 'listening')
      t.after(() => {
        for (const socket of sockets) socket.destroy()
        silent.close()
      })
      const { port } = silent.address() as { port: number }
      const redis = await connectRedis(`redis://127.0.0.1:${port}`, silentLogger, 'test ')
      t.after(() => redis.close())
      assert.equal(redis.isReady(), false)
      const store = createRedisAttemptStore(redis, database, 'test ')
      const answer = await store.reserveAttempt(newKey(), { ...minute, limit: 1 })
      assert.equal(answer.granted, true)
    })
  })

  describe('the bus on Redis', () => {
    test('reaches other instances on its channel alone, and again after Redis was killed', async () => {
      const [mine, theirs, foreign] = [
        createRedisBus(await open(), 'channel'),
        createRedisBus(await open(), 'channel'),
        createRedisBus(await open(), 'another channel'),
      ]
      const heard: string[] = []
      const overheard: string[] = []
      theirs.subscribe((message) => heard.push(message))
      foreign.subscribe((message) => overheard.push(message))
      await publishUntil(
        (text) => mine.publish(text),
        'one',
        () => heard.includes('one'),
      )
      await server.kill()
      await mine.publish('lost')
      await server.restart()
      await until(() => mine.isConnected() && theirs.isConnected())
      await publishUntil(
        (text) => mine.publish(text),
        'two',
        () => heard.includes('two'),
      )
      assert.ok(!heard.includes('lost'))
      assert.deepEqual(overheard, [])
    })

    test('can be subscribed to while Redis is away', async () => {
      await server.kill()
      const [mine, theirs] = [
        createRedisBus(await open(), 'early'),
        createRedisBus(await open(), 'early'),
      ]
      const heard: string[] = []
      theirs.subscribe((message) => heard.push(message))
      await server.restart()
      await until(() => mine.isConnected() && theirs.isConnected())
      await publishUntil(
        (text) => mine.publish(text),
        'late',
        () => heard.includes('late'),
      )
    })
  })
}

/** A walk through reservations, releases and clock moves, taken in both stores. */
async function agreesWithDatabase(
  redis: AttemptStore,
  database: AttemptStore,
  newKey: () => string,
): Promise<void> {
  let seed = 4711
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return seed % below
  }
  for (let round = 0; round < 20; round++) {
    const key = newKey()
    const limit = random(6)
    let clock = now
    let resetsAt = 0
    for (let step = 0; step < 30; step++) {
      clock += random(40_000) - 10_000
      if (random(3) === 0) {
        await redis.releaseAttempt(key, resetsAt)
        continue
      }
      const window = { limit, windowMs: 60_000, now: clock, amount: 1 + random(3) }
      const answer = await redis.reserveAttempt(key, window)
      resetsAt = answer.resetsAt
      assert.ok(!answer.granted || answer.count <= limit)
      assert.ok(answer.resetsAt <= clock + 70_000)
    }
  }
  // The same walk without releases: a release that Redis does not know goes to the database.
  for (let round = 0; round < 20; round++) {
    const key = newKey()
    const limit = random(6)
    let clock = now
    for (let step = 0; step < 30; step++) {
      clock += random(40_000) - 10_000
      const window = { limit, windowMs: 60_000, now: clock, amount: 1 + random(3) }
      const [left, right] = [
        await redis.reserveAttempt(key, window),
        await database.reserveAttempt(key, window),
      ]
      assert.equal(left.granted, right.granted)
      if (left.granted) assert.deepEqual(left, right)
    }
  }
}

function pick<T>([first, second]: readonly [T, T], index: number): T {
  return index % 2 === 0 ? first : second
}

/** A subscription takes a moment to reach Redis, and what was sent before it is lost. */
async function publishUntil(
  publish: (message: string) => Promise<void>,
  message: string,
  isHeard: () => boolean,
): Promise<void> {
  while (!isHeard()) {
    await publish(message)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10))
}
