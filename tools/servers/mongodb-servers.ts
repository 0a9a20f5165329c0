import { randomBytes } from 'node:crypto'
import { type DatabaseServer, NotAvailable, type ServerKind } from './database-server.ts'
import { mongoJavaServer } from './mongo-java-server.ts'
import { nx27017 } from './nx-27017.ts'

/** A running MongoDB that MONGODB_URL names, with the right to make and drop databases. */
const named: ServerKind = {
  name: 'mongodb',
  start: async (): Promise<DatabaseServer> => {
    const url = process.env['MONGODB_URL']
    if (url === undefined || url === '') {
      throw new NotAvailable('MONGODB_URL names no MongoDB')
    }
    const used = new Set<string>()
    const prefix = `countersign_test_${randomBytes(4).toString('hex')}_`
    return {
      name: 'mongodb',
      isPersistent: true,
      urlOf: (database) => {
        used.add(prefix + database)
        const named = new URL(url)
        named.pathname = `/${prefix}${database}`
        return named.href
      },
      kill: leave,
      restart: leave,
      stop: () => dropDatabases(url, used),
    }
  },
}

function leave(): Promise<void> {
  throw new Error('Somebody else runs this server.')
}

async function dropDatabases(url: string, names: ReadonlySet<string>): Promise<void> {
  const { MongoClient } = await import('mongodb')
  const client = new MongoClient(url)
  try {
    for (const name of names) await client.db(name).dropDatabase()
  } finally {
    await client.close()
  }
}

/** All of them: two independent servers of the protocol, and the real one where there is one. */
export const mongodbServers: readonly ServerKind[] = [nx27017, mongoJavaServer, named]
