import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { MongoClient } from 'mongodb'
import { startServers } from '../../../../../../tools/servers/database-server.ts'
import { mongodbServers } from '../../../../../../tools/servers/mongodb-servers.ts'
import { StoreUnavailableError } from '../../../foundation/store-failure.ts'
import { type MigrationDocument, collectionNames, openCollections } from '../documents.ts'
import { openMongodbStore } from '../open-mongodb-store.ts'
import { applyMongodbSteps, listMongodbSteps } from '../schema-steps.ts'
import { migrateMongodb, migrations } from './migrate.ts'
import type { Migration } from './migration.ts'

const clock = () => 1_790_000_000_000

for (const server of await startServers(mongodbServers)) {
  const cases: Readonly<Record<string, (t: TestContext, url: string) => Promise<void>>> = {
    'instances that start at once apply each step once': async (t, url) => {
      const own = connect(t, url)
      const stores = await Promise.all(
        Array.from({ length: 6 }, () => openMongodbStore({ url, clock })),
      )
      await Promise.all(stores.map((store) => store.close()))
      const notes = await notesOf(own).find().toArray()
      assert.deepEqual(
        notes.map(({ _id: number, appliedAt }) => [number, appliedAt]),
        migrations.map(({ number }) => [number, clock()]),
      )
    },

    'the unique index stands behind the name, whoever writes': async (t, url) => {
      const own = connect(t, url)
      await applyMongodbSteps(url, clock)
      const accounts = own
        .db()
        .collection<{ _id: string; usernameKey: string }>(collectionNames.accounts)
      await accounts.insertOne({ _id: 'a', usernameKey: 'ada' })
      await assert.rejects(accounts.insertOne({ _id: 'b', usernameKey: 'ada' }), { code: 11000 })
    },

    'looking at the steps makes nothing': async (t, url) => {
      const own = connect(t, url)
      const steps = await listMongodbSteps(url)
      assert.ok(steps.every(({ appliedAt }) => appliedAt === undefined))
      assert.deepEqual(await own.db().listCollections().toArray(), [])
      assert.deepEqual(
        await applyMongodbSteps(url, clock),
        migrations.map(({ number }) => number),
      )
      assert.deepEqual(await applyMongodbSteps(url, clock), [])
      assert.ok((await listMongodbSteps(url)).every(({ appliedAt }) => appliedAt === clock()))
    },

    'a start that may not migrate refuses a pending step': async (_t, url) => {
      await assert.rejects(openMongodbStore({ url, clock, migrates: false }), isPending)
      await applyMongodbSteps(url, clock)
      await (await openMongodbStore({ url, clock, migrates: false })).close()
    },

    'a later step is applied on top, also half-way and twice': async (t, url) => {
      await applyMongodbSteps(url, clock)
      const collections = openCollections(connect(t, url).db())
      const added: Migration = {
        number: migrations.length + 1,
        name: 'more',
        indexes: [
          { collection: 'sessions', name: 'sessions_by_ip', field: 'ip' },
          { collection: 'sessions', name: 'sessions_by_created_at', field: 'createdAt' },
        ],
      }
      // A process that ended before it noted the step.
      await collections.sessions.createIndex({ ip: 1 }, { name: 'sessions_by_ip' })
      const known = [...migrations, added]
      assert.deepEqual(await migrateMongodb(collections, clock, known), [added])
      assert.deepEqual(await migrateMongodb(collections, clock, known), [])
      // This version starts beside the newer one that added it.
      await (await openMongodbStore({ url, clock })).close()
    },

    'a database that needs another version is refused': async (t, url) => {
      await applyMongodbSteps(url, clock)
      const notes = notesOf(connect(t, url))
      const newer = { name: 'newer', checksum: 'x', appliedAt: 1 }
      await notes.insertOne({ _id: 99, kind: 'contract', ...newer })
      await assert.rejects(openMongodbStore({ url, clock }), isAboutSchema)
      await assert.rejects(listMongodbSteps(url), isAboutSchema)
      await notes.deleteOne({ _id: 99 })
      await notes.updateOne({ _id: 1 }, { $set: { checksum: 'another form' } })
      await assert.rejects(openMongodbStore({ url, clock }), isAboutSchema)
    },
  }
  for (const [sentence, prove] of Object.entries(cases)) {
    test(`${server.name}: ${sentence}`, (t) => prove(t, server.urlOf(newName())))
  }
}

function newName(): string {
  return `migrate_${randomBytes(4).toString('hex')}`
}

function connect(t: TestContext, url: string): MongoClient {
  const client = new MongoClient(url)
  t.after(() => client.close())
  return client
}

function notesOf(client: MongoClient) {
  return client.db().collection<MigrationDocument>(collectionNames.migrations)
}

function isPending(error: unknown): boolean {
  return error instanceof StoreUnavailableError && error.reason === 'steps_pending'
}

function isAboutSchema(error: unknown): boolean {
  return error instanceof StoreUnavailableError && error.reason === 'schema'
}
