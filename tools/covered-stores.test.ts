// Says which databases the tests of this run cover: with a skipped one a green run proves less.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { MongoClient } from 'mongodb'
import { whyNoPgbouncer } from './pgbouncer.fixture.ts'
import { sharedPostgres, whyNoPostgres } from './postgres.fixture.ts'
import { isStoreRequired } from './required-stores.ts'
import { NotAvailable } from './servers/database-server.ts'
import { mongodbServers } from './servers/mongodb-servers.ts'
import { redisServer } from './servers/redis.ts'

test('which stores the tests cover', async (t) => {
  const version = new DatabaseSync(':memory:').prepare('SELECT sqlite_version() AS v').get()?.['v']
  t.diagnostic(`covered: SQLite ${String(version)}, part of Node`)
  const missing = whyNoPostgres()
  if (missing === undefined) t.diagnostic(`covered: ${(await sharedPostgres()).description}`)
  else t.diagnostic(`NOT covered: ${missing}`)
  if (missing !== undefined && isStoreRequired('postgres')) assert.fail(missing)
})

test('whether the tests cover a pooler', (t) => {
  const missing = whyNoPgbouncer()
  t.diagnostic(missing === undefined ? 'covered: PgBouncer' : `NOT covered: ${missing}`)
  if (missing !== undefined && isStoreRequired('pgbouncer')) assert.fail(missing)
})

const others = [
  ...mongodbServers.map((kind) => ({ kind, describe: describeMongodb })),
  { kind: redisServer, describe: describeRedis },
]

for (const { kind, describe } of others) {
  test(`whether the tests cover ${kind.name}`, async (t) => {
    try {
      const server = await kind.start()
      t.after(() => server.stop())
      t.diagnostic(`covered: ${await describe(server.urlOf('0'))}, on ${kind.name}`)
    } catch (error) {
      if (!(error instanceof NotAvailable)) throw error
      t.diagnostic(`NOT covered: ${kind.name}: ${error.message}`)
      if (isStoreRequired(kind.name)) assert.fail(error.message)
    }
  })
}

async function describeMongodb(url: string): Promise<string> {
  const client = new MongoClient(url)
  try {
    const { version } = await client.db().command({ buildInfo: 1 })
    return `the protocol of MongoDB ${String(version)}`
  } finally {
    await client.close()
  }
}

async function describeRedis(url: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).setEncoding('utf8')
  socket.write('INFO server\r\n')
  const [text] = (await once(socket, 'data')) as [string]
  socket.destroy()
  const version = /^redis_version:(\S+)\r$/m.exec(text)?.[1]
  assert.ok(version !== undefined, text)
  return `Redis ${version}`
}
