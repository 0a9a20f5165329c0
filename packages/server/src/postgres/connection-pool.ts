import type { PoolClient, QueryConfig } from 'pg'
import type { PostgresSettings } from '../config/settings.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { connectionOptionsOf } from './connection-options.ts'
import {
  breaksConnection,
  explainPostgresFailure,
  isUniqueViolation,
  type PostgresAct,
  sqlStateOf,
} from './explain-failure.ts'
import type { PostgresDriver } from './load-driver.ts'
import { type KnownRows, type PostgresAnswer, sendPrepared } from './prepared-query.ts'
import { sessionClient } from './set-up-session.ts'

export interface ConnectionPool {
  /**
   * One statement that changes nothing. When its connection breaks it is sent again on another.
   * @throws StoreUnavailableError
   */
  read(query: QueryConfig): Promise<PostgresAnswer>
  /**
   * One statement that may change something. It is sent once: whether a broken connection carried it out nobody knows.
   * @throws StoreUnavailableError, or the driver's error when what must be unique is not
   */
  write(query: QueryConfig): Promise<PostgresAnswer>
  /** Lets what runs finish. Idempotent. */
  close(): Promise<void>
}

/** Callers that may wait, for each connection: at a millisecond a statement a quarter of a second's work. */
const waitingPerConnection = 250
const idleTimeoutMs = 30_000
/** After a failover the name of the server may lead elsewhere; old connections must not stay behind for ever. */
const connectionLifeSeconds = 1_800
const rereads = 2

/** Connections to one server. Every wait is bounded, and so is the number of those who wait. */
export function createConnectionPool(
  driver: PostgresDriver,
  settings: PostgresSettings,
): ConnectionPool {
  const pool = new driver.Pool({
    ...connectionOptionsOf(settings),
    Client: sessionClient(driver, settings),
    max: settings.poolSize,
    idleTimeoutMillis: idleTimeoutMs,
    maxLifetimeSeconds: connectionLifeSeconds,
    // The timers of a library must not keep its host's process alive, and neither must its connections.
    allowExitOnIdle: true,
  })
  const connections = new Set<PoolClient>()
  // A connection that breaks while nobody uses it is replaced when somebody needs it: nothing else is to be done, and
  // without a listener the error would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => {
    client.on('error', () => undefined)
    connections.add(client)
  })
  pool.on('remove', (client) => connections.delete(client))
  const running = new Set<Promise<unknown>>()
  const known: KnownRows = new Map()
  let closing: Promise<void> | undefined

  const run = async (query: QueryConfig, act: PostgresAct): Promise<PostgresAnswer> => {
    if (closing) throw new StoreUnavailableError('closed', 'The database is closed.')
    if (pool.waitingCount >= settings.poolSize * waitingPerConnection) {
      throw new StoreUnavailableError('busy', 'Too many callers wait for the database.')
    }
    const answer = send(pool, query, act, settings, known)
    running.add(answer)
    try {
      return await answer
    } finally {
      running.delete(answer)
    }
  }
  return {
    read: async (query) => {
      const started = performance.now()
      for (let attempt = 0; ; attempt++) {
        try {
          return await run(query, 'read')
        } catch (error) {
          const isLate = performance.now() - started > settings.connectTimeoutMs
          if (attempt === rereads || isLate || !isBrokenRead(error)) throw error
        }
      }
    },
    write: (query) => run(query, 'write'),
    close: () => (closing ??= closePool()),
  }

  async function closePool(): Promise<void> {
    await Promise.allSettled(running)
    // Saying goodbye to a server that no longer answers would take for ever.
    const limit = setTimeout(() => {
      for (const client of connections) client.connection.stream.destroy()
    }, settings.connectTimeoutMs)
    await pool.end()
    clearTimeout(limit)
  }
}

type Pool = InstanceType<PostgresDriver['Pool']>

/** By callbacks: at thousands of statements a second the driver's promises are a tenth of the cost. */
function send(
  pool: Pool,
  query: QueryConfig,
  act: PostgresAct,
  settings: PostgresSettings,
  known: KnownRows,
): Promise<PostgresAnswer> {
  return new Promise((resolve, reject) => {
    pool.connect((refusal, client, release) => {
      if (refusal || client === undefined) {
        reject(explainWaiting(refusal, settings))
        return
      }
      sendPrepared(client, query, known, (error, answer) => {
        if (!error && answer) {
          release()
          resolve(answer)
          return
        }
        // A standby answers for as long as it stands: only a new connection can lead to the new primary.
        release(breaksConnection(error) || sqlStateOf(error) === readOnlyTransaction)
        reject(isUniqueViolation(error) ? error : explainPostgresFailure(error, act, settings))
      })
    })
  })
}

const readOnlyTransaction = '25006'

function explainWaiting(error: unknown, settings: PostgresSettings): unknown {
  if (error instanceof Error && error.message === 'timeout exceeded when trying to connect') {
    const message = `All ${settings.poolSize} connections to the database are in use for too long.`
    return new StoreUnavailableError('busy', message, { cause: error })
  }
  return explainPostgresFailure(error, 'connect', settings)
}

/** The connection broke, for another reason than that the server did not answer in time. */
function isBrokenRead(error: unknown): boolean {
  if (!(error instanceof StoreUnavailableError) || error.reason !== 'unreachable') return false
  const { cause } = error
  return cause instanceof Error && breaksConnection(cause) && cause.message !== 'Query read timeout'
}
