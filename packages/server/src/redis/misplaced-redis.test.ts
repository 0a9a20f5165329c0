// REDIS_URL leads to what answers and does not count: it is said which, nobody is let through for it, and it is used as
// soon as it counts.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startServers } from '../../../../tools/servers/database-server.ts'
import {
  type RedisServer,
  redisServer,
  startRedis,
  startSentinel,
} from '../../../../tools/servers/redis.ts'
import { until } from '../../../../tools/until.ts'
import { openSqliteStore } from '../stores/sql/open-sqlite-store.ts'
import { createRedisAttemptStore } from './redis-attempt-store.ts'
import { createRedisBus } from './redis-bus.ts'
import { connectRedis } from './redis-connection.ts'

const [primary] = (await startServers([redisServer])) as RedisServer[]
const now = 1_800_000_000_000
const limit = 3

/** Attempts at one name, over a database of its own, and what was logged. */
async function openOn(t: TestContext, server: RedisServer) {
  const said: string[] = []
  const note = (_: object, message: string): void => void said.push(message)
  const logger = { debug: () => undefined, info: note, warn: note, error: note }
  const database = await openSqliteStore({ file: ':memory:', clock: () => now })
  const redis = await connectRedis(server.urlOf('0'), logger, 'test ')
  t.after(async () => {
    await redis.close()
    await database.close()
  })
  const store = createRedisAttemptStore(redis, database, 'test ')
  const tryTo = async (times: number, name = 'login:ada'): Promise<number> => {
    let granted = 0
    for (let attempt = 0; attempt < times; attempt++) {
      const window = { limit, windowMs: 60_000, now }
      if ((await store.reserveAttempt(name, window)).granted) granted++
    }
    return granted
  }
  return { redis, said, tryTo }
}

if (primary !== undefined) {
  test('a replica is not used until it is the primary, and then counts twice the limit at most', async (t) => {
    const replica = await startRedis(['--replicaof', '127.0.0.1', `${primary.port}`])
    t.after(() => replica.stop())
    const { redis, said, tryTo } = await openOn(t, replica)
    assert.equal(redis.isReady(), false)
    assert.match(
      said.join('\n'),
      /leads to a replica.*follows the primary; the database takes over/,
    )
    assert.equal(await tryTo(8), limit)
    await replica.ask('REPLICAOF', 'NO', 'ONE')
    await until(() => redis.isReady(), 'it to be used')
    assert.ok((await tryTo(8)) <= limit)
    assert.deepEqual(said.slice(1), ['Redis is back'])
  })

  // Its connections stay, and it answered READONLY for ever while readiness said that it was connected.
  test('a primary that becomes a replica is let go at once', async (t) => {
    const demoted = await startRedis()
    t.after(() => demoted.stop())
    const { redis, said, tryTo } = await openOn(t, demoted)
    assert.equal(redis.isReady(), true)
    assert.equal(await tryTo(2), 2)
    await demoted.ask('REPLICAOF', '127.0.0.1', `${primary.port}`)
    assert.ok((await tryTo(8)) <= limit)
    await until(() => said.length > 0 && !redis.isReady(), 'it to be let go')
    assert.match(said.join('\n'), /leads to a replica/)
    await demoted.ask('REPLICAOF', 'NO', 'ONE')
    await until(() => redis.isReady(), 'it to be used again')
    assert.ok((await tryTo(8)) <= limit)
    // In both, from here on.
    assert.equal(await tryTo(8), 0)
  })

  test('a Sentinel is named as what it is', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'countersign-sentinel-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    const sentinel = await startSentinel(primary.port, directory)
    t.after(() => sentinel.stop())
    const { redis, said, tryTo } = await openOn(t, sentinel)
    assert.equal(redis.isReady(), false)
    assert.match(said.join('\n'), /names a Sentinel.*follows the primary; the database takes over/)
    assert.equal(await tryTo(8), limit)
  })

  test('a node of a cluster is not used, unless it has every key', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'countersign-cluster-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    const nodes = await Promise.all(
      [0, 1].map((i) =>
        startRedis([
          '--cluster-enabled',
          'yes',
          '--dir',
          directory,
          '--cluster-config-file',
          `${i}`,
        ]),
      ),
    )
    t.after(() => Promise.all(nodes.map((node) => node.stop())))
    const [one, two] = nodes
    assert.ok(one && two)
    await one.ask('CLUSTER', 'ADDSLOTSRANGE', '0', '8191')
    await two.ask('CLUSTER', 'ADDSLOTSRANGE', '8192', '16383')
    await one.ask('CLUSTER', 'MEET', '127.0.0.1', `${two.port}`)
    await until(
      async () => (await one.ask('CLUSTER', 'INFO')).includes('cluster_state:ok'),
      'the cluster to be whole',
    )
    assert.match(await one.ask('SET', 'a', '1'), /MOVED/)
    const { redis, said, tryTo } = await openOn(t, one)
    assert.equal(redis.isReady(), false)
    assert.match(said.join('\n'), /one node of a cluster.*; the database takes over/)
    // Whichever node has the name's key.
    for (const name of ['a', 'b', 'c', 'd']) assert.equal(await tryTo(8, name), limit)

    const whole = await startRedis(['--cluster-enabled', 'yes', '--dir', directory])
    t.after(() => whole.stop())
    await whole.ask('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    await until(
      async () => (await whole.ask('CLUSTER', 'INFO')).includes('cluster_state:ok'),
      'the cluster to be whole',
    )
    const alone = await openOn(t, whole)
    assert.equal(alone.redis.isReady(), true)
    for (const name of ['a', 'b', 'c', 'd']) assert.equal(await alone.tryTo(8, name), limit)
  })

  test('a Redis that has no memory left is said to be so, and used when it has', async (t) => {
    const full = await startRedis()
    t.after(() => full.stop())
    const { redis, said, tryTo } = await openOn(t, full)
    await full.ask('CONFIG', 'SET', 'maxmemory', '1')
    assert.ok((await tryTo(8)) <= limit)
    await until(() => said.length > 0 && !redis.isReady(), 'it to be let go')
    assert.match(said.join('\n'), /does not count \(OOM.*; the database takes over/)
    await full.ask('CONFIG', 'SET', 'maxmemory', '0')
    await until(() => redis.isReady(), 'it to be used again')
  })

  test('the bus is whole again behind an address whose Redis was changed', async (t) => {
    const replica = await startRedis(['--replicaof', '127.0.0.1', `${primary.port}`])
    t.after(() => replica.stop())
    const { redis } = await openOn(t, replica)
    const heard: string[] = []
    const bus = createRedisBus(redis, 'channel')
    bus.subscribe((message) => heard.push(message))
    await replica.ask('REPLICAOF', 'NO', 'ONE')
    await until(() => bus.isConnected(), 'the bus')
    await until(async () => {
      await bus.publish('hello')
      return heard.includes('hello')
    }, 'a message')
  })
}
