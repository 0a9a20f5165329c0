import type { Db, MongoClient, MongoClientOptions, ReadConcernLevel } from 'mongodb'
import { ConfigurationError } from '../../config/configuration-error.ts'
import { type MongodbUrl, mongodbWaits, parseMongodbUrl } from '../../config/mongodb-url.ts'
import { StoreUnavailableError } from '../../foundation/store-failure.ts'
import { type Collections, openCollections } from './documents.ts'
import { loadMongodbDriver } from './load-driver.ts'
import { explainConnection, explainMongodbFailure, isUnknownCommand } from './mongodb-failure.ts'

export interface MongodbServer {
  /** By its own clock, in milliseconds. */
  readonly time: number
  /** The name of its replica set, if it is in one. */
  readonly replicaSet?: string
  /** Whether it leads to the shards of a cluster. */
  readonly isRouter: boolean
}

export interface MongodbDatabase {
  readonly collections: Collections
  /** For people: the server, its hosts and the name of the database. */
  readonly description: string
  readServer(): Promise<MongodbServer>
  listCollectionNames(): Promise<readonly string[]>
  /**
   * The same operations, which fail as every store's do, and refuse when the database is closed.
   * @param check what may refuse each of them first
   */
  guard<T extends object>(operations: T, check?: () => Promise<void> | undefined): T
  /** Finishes what was accepted, then closes. Idempotent. */
  close(): Promise<void>
}

/** The database when the URL names none. */
const fallbackName = 'countersign'

// Each wait has its bound. What the URL sets counts instead.
const bounds = {
  ...mongodbWaits,
  connectTimeoutMS: 2_000,
  maxPoolSize: 50,
  appName: 'countersign',
} as const satisfies MongoClientOptions

// An acknowledged write is in the journal of a majority, so that no failover forgets it. A write is sent once, whatever
// the URL says of retryWrites: repeated after a failover it would commit too long after the time that it carries, and
// the pollers of revocations would miss it. When its answer is lost whoever asked hears of it; whether it happened is
// then open, and every operation here may be asked for again.
//
// Reads ask the primary and take its newest state ("local"), not the newest one that a majority has: the latter hides
// for some milliseconds what another instance just wrote, and a compare-and-swap that reads so would lose again and
// again. What such a read shows and a failover then undoes was never acknowledged, and the refresh rule restores it.
const promises = {
  writeConcern: { w: 'majority', journal: true, wtimeoutMS: 4_000 },
  retryWrites: false,
  readPreference: 'primary',
} as const satisfies MongoClientOptions

/**
 * @throws ConfigurationError when the URL is none, or the driver is not installed
 * @throws StoreUnavailableError when the server cannot be reached or lets nobody in
 */
export async function openMongodbDatabase(
  url: string,
  options: Pick<MongoClientOptions, 'socketTimeoutMS'> = {},
): Promise<MongodbDatabase> {
  const client = await createClient(url, options)
  const parts = parseMongodbUrl(url)
  const hosts = parts?.hosts ?? 'unknown hosts'
  try {
    await client.connect()
    const database = client.db(parts?.database ?? fallbackName)
    return {
      collections: openCollections(database),
      description: `${await describeServer(database)} at ${hosts}/${database.databaseName}`,
      readServer: () => readServer(database),
      listCollectionNames: async () => {
        const found = await database.listCollections({}, { nameOnly: true }).toArray()
        return found.map(({ name }) => name)
      },
      ...createGuard(client),
    }
  } catch (error) {
    await client.close()
    throw explainConnection(error, hosts)
  }
}

/** Opens the database for one act, and closes it whatever happens. Failures are those of every store. */
export async function withMongodbDatabase<T>(
  url: string,
  options: Pick<MongoClientOptions, 'socketTimeoutMS'>,
  act: (database: MongodbDatabase) => Promise<T>,
): Promise<T> {
  const database = await openMongodbDatabase(url, options)
  try {
    return await act(database)
  } catch (error) {
    throw explainMongodbFailure(error)
  } finally {
    await database.close()
  }
}

async function createClient(url: string, options: MongoClientOptions): Promise<MongoClient> {
  const { MongoClient } = await loadMongodbDriver()
  const parts = parseMongodbUrl(url)
  try {
    const readConcern = { level: readConcernOf(parts) }
    return new MongoClient(url, { ...boundsFor(parts), ...options, ...promises, readConcern })
  } catch (error) {
    // The driver quotes names of options and no values that are secret; a URL that it cannot read it does not quote.
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigurationError([
      { option: 'databaseUrl', message: `${reason}: correct the URL.` },
    ])
  }
}

function boundsFor(parts: MongodbUrl | undefined): MongoClientOptions {
  const set = Object.entries(bounds).filter(([name]) => !parts?.options.has(name.toLowerCase()))
  return Object.fromEntries(set)
}

// A primary that was cut off does not know at once that another was elected, and answers reads for some seconds. Who
// must not have that asks for "linearizable" in the URL, which costs a round trip to a majority a read.
function readConcernOf(parts: MongodbUrl | undefined): ReadConcernLevel {
  return parts?.options.get('readconcernlevel') === 'linearizable' ? 'linearizable' : 'local'
}

// `isMaster` is what servers know that do not know its newer name.
async function readServer(database: Db): Promise<MongodbServer> {
  const answer = await database.command({ hello: 1 }).catch((error: unknown) => {
    if (isUnknownCommand(error)) return database.command({ isMaster: 1 })
    throw error
  })
  const { localTime, setName, msg } = answer
  return {
    time: Number(localTime),
    isRouter: msg === 'isdbgrid',
    ...(typeof setName === 'string' && { replicaSet: setName }),
  }
}

async function describeServer(database: Db): Promise<string> {
  const { version } = await database.command({ buildInfo: 1 })
  return `MongoDB ${String(version)}`
}

type Check = () => Promise<void> | undefined

function createGuard(client: MongoClient): Pick<MongodbDatabase, 'guard' | 'close'> {
  const running = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined
  const run = async (start: () => unknown, check?: Check): Promise<unknown> => {
    if (closing) throw new StoreUnavailableError('closed', 'The database is closed.')
    const answer = Promise.resolve(check?.()).then(start)
    running.add(answer)
    try {
      return await answer
    } catch (error) {
      throw explainMongodbFailure(error)
    } finally {
      running.delete(answer)
    }
  }
  return {
    guard: (operations, check) => {
      const guarded = Object.entries(operations).map(([name, operation]) => [
        name,
        (...values: unknown[]) => run(() => operation(...values), check),
      ])
      return Object.fromEntries(guarded)
    },
    // Closing the client ends what runs: it is waited for first.
    close: () => {
      closing ??= Promise.allSettled(running).then(() => client.close())
      return closing
    },
  }
}
