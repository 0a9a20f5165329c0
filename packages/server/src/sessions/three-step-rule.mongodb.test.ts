import { randomBytes } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { startServers } from '../../../../tools/servers/database-server.ts'
import { mongodbServers } from '../../../../tools/servers/mongodb-servers.ts'
import { type AttemptDocument, collectionNames } from '../stores/mongodb/documents.ts'
import { openMongodbStore } from '../stores/mongodb/open-mongodb-store.ts'
import { describeThreeStepRule } from './model/three-step-rule.fixture.ts'

const runs = Number(process.env['MODEL_RUNS'] ?? 40)
const { migrations: _kept, ...copied } = collectionNames

for (const server of await startServers(mongodbServers)) {
  describeThreeStepRule(
    `MongoDB (${server.name})`,
    async () => {
      const url = server.urlOf(`model_${randomBytes(4).toString('hex')}`)
      return {
        options: { databaseUrl: url },
        openStore: (clock) => openMongodbStore({ url, clock, time: clock }),
        backUp: async () => {
          const backup = await withDatabase(url, async (client) => {
            const database = client.db()
            return Promise.all(
              Object.values(copied).map(async (name) => {
                const documents = await database.collection<AttemptDocument>(name).find().toArray()
                return { name, documents }
              }),
            )
          })
          return () =>
            withDatabase(url, async (client) => {
              for (const { name, documents } of backup) {
                const collection = client.db().collection<AttemptDocument>(name)
                await collection.deleteMany({})
                if (documents.length > 0) await collection.insertMany(documents)
              }
            })
        },
        discard: () =>
          withDatabase(url, async (client) => {
            await client.db().dropDatabase()
          }),
      }
    },
    runs,
  )
}

async function withDatabase<T>(url: string, act: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url)
  try {
    return await act(client)
  } finally {
    await client.close()
  }
}
