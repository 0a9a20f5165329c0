// Import from the tutorial: its MongoDB, read and never written. This folder owns what its documents mean and what is
// told about them; whether an account may come in, and how, is the library's (accounts.import).

import { StoreUnavailableError } from '@countersign/server'
import type { MongoClient } from 'mongodb'
import { UsageError } from '../command-line/parse-call.ts'

export interface TutorialDocument {
  /** The id as text, the same at each run. */
  readonly id: string
  /** Milliseconds that the id tells, 0 when it tells none. */
  readonly idTime: number
  readonly fields: Readonly<Record<string, unknown>>
}

export interface TutorialSource {
  /** For people: hosts, database and collection, without user and password. */
  readonly description: string
  count(): Promise<number>
  documents(): AsyncIterable<TutorialDocument>
  close(): Promise<void>
}

const options = {
  appName: 'countersign import',
  serverSelectionTimeoutMS: 5_000,
  connectTimeoutMS: 5_000,
  socketTimeoutMS: 60_000,
  // A name of broken bytes is told with its document, and does not end the import.
  enableUtf8Validation: false,
} as const

/**
 * @throws UsageError when the URL is none or names no database
 * @throws StoreUnavailableError when the database cannot be read
 */
export async function openTutorialSource(url: string, collection: string): Promise<TutorialSource> {
  const { BSON, MongoClient, ObjectId } = await import('mongodb')
  const client = createClient(() => new MongoClient(url, options))
  const { hosts, dbName } = client.options
  if (!/^[^/]+\/\/[^/]+\/[^?]/.test(url)) {
    throw new UsageError('The URL names no database: write mongodb://<host>/<database>.')
  }
  const description = `${hosts.map(String).join(',')}/${dbName}, collection ${collection}`
  const users = client.db().collection(collection)
  const toDocument = ({ _id, ...fields }: Record<string, unknown>): TutorialDocument => {
    if (_id instanceof ObjectId) {
      return { id: _id.toHexString(), idTime: _id.getTimestamp().getTime(), fields }
    }
    // Unlike an ObjectId, a number or a text may stand for somebody else in another database.
    const id = `${dbName}.${collection} ${BSON.EJSON.stringify({ _id })}`
    return { id, idTime: 0, fields }
  }
  return {
    description,
    count: () => told(description, () => users.countDocuments()),
    documents: async function* () {
      const cursor = users.find({}).sort({ _id: 1 }).batchSize(500)
      try {
        for (;;) {
          const next = await told(description, () => cursor.next())
          if (next === null) return
          yield toDocument(next)
        }
      } finally {
        await cursor.close()
      }
    },
    close: () => client.close(),
  }
}

function createClient(create: () => MongoClient): MongoClient {
  try {
    return create()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`This is no URL of a MongoDB: ${reason}`, { cause: error })
  }
}

async function told<T>(description: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const message = `Cannot read ${description}: ${reason}`
    throw new StoreUnavailableError('unreachable', message, { cause: error })
  }
}
