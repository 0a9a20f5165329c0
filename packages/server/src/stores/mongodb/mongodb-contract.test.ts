import { randomBytes } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { startServers } from '../../../../../tools/servers/database-server.ts'
import { mongodbServers } from '../../../../../tools/servers/mongodb-servers.ts'
import { describeStoreContract } from '../../store-contract.ts'
import { collectionNames } from './documents.ts'
import { openMongodbStore } from './open-mongodb-store.ts'

for (const server of await startServers(mongodbServers)) {
  describeStoreContract(`MongoDB (${server.name})`, async (clock) => {
    // The contract sends a thousand at once, and a busy machine may need long for them.
    const url = `${server.urlOf(`contract_${randomBytes(4).toString('hex')}`)}?waitQueueTimeoutMS=60000`
    const store = await openMongodbStore({ url, clock })
    const own = new MongoClient(url)
    const { migrations: _kept, ...emptied } = collectionNames
    return {
      store,
      openAnother: () => openMongodbStore({ url, clock }),
      reset: async () => {
        for (const name of Object.values(emptied)) await own.db().collection(name).deleteMany({})
      },
      close: async () => {
        await store.close()
        await own.close()
      },
    }
  })
}
