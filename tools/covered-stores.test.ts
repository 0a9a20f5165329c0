// Says which databases the tests of this run cover: with a skipped one a green run proves less.

import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { MongoClient } from 'mongodb'
import { sharedPostgres, whyNoPostgres } from './postgres.fixture.ts'
import { isStoreRequired } from './required-stores.ts'
import { NotAvailable } from './servers/database-server.ts'
import { mongodbServers } from './servers/mongodb-servers.ts'

test('which stores the tests cover', async (t) => {
  const version = new DatabaseSync(':memory:').prepare('SELECT sqlite_version() AS v').get()?.['v']
  t.diagnostic(`covered: SQLite ${String(version)}, part of Node`)
  const missing = whyNoPostgres()
  if (missing === undefined) t.diagnostic(`covered: ${(await sharedPostgres()).description}`)
  else t.diagnostic(`NOT covered: ${missing}`)
  if (missing !== undefined && isStoreRequired('postgres')) assert.fail(missing)
})

for (const kind of mongodbServers) {
  test(`whether the tests cover MongoDB on ${kind.name}`, async (t) => {
    try {
      const server = await kind.start()
      t.after(() => server.stop())
      t.diagnostic(`covered: ${await describeServer(server.urlOf('covered'))}, on ${kind.name}`)
    } catch (error) {
      if (!(error instanceof NotAvailable)) throw error
      t.diagnostic(`NOT covered: ${kind.name}: ${error.message}`)
      if (isStoreRequired(kind.name)) assert.fail(error.message)
    }
  })
}

async function describeServer(url: string): Promise<string> {
  const client = new MongoClient(url)
  try {
    const { version } = await client.db().command({ buildInfo: 1 })
    return `the protocol of MongoDB ${String(version)}`
  } finally {
    await client.close()
  }
}
