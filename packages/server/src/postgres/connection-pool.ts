import type { PoolClient } from 'pg'
import type { PostgresSettings } from '../config/settings.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { carryOutTogether } from './carry-out-together.ts'
import { connectionOptionsOf } from './connection-options.ts'
import {
  breaksConnection,
  explainPostgresFailure,
  isUniqueViolation,
  type PostgresAct,
  sqlStateOf,
} from './explain-failure.ts'
import type { PostgresDriver } from './load-driver.ts'
import type { PostgresQuery } from './gather-turn.ts'
import {
  type Arguments,
  type KnownRows,
  type NamedStatement,
  type PostgresAnswer,
  sendPrepared,
} from './prepared-query.ts'
import { sessionClient } from './set-up-session.ts'

export interface ConnectionPool {
  /**
   * One statement that changes nothing. When its connection breaks it is sent again on another.
   * @throws StoreUnavailableError
   */
  read(query: PostgresQuery): Promise<PostgresAnswer>
  /**
   * A read of a row by its key, sent together with those that ask the same in this turn of the event loop
   * (carry-out-together.ts). As fresh as it would be alone.
   * @throws StoreUnavailableError
   */
  lookUp(query: PostgresQuery): Promise<PostgresAnswer>
  /**
   * One statement that may change something. It is sent once: whether a broken connection carried it out nobody knows.
   * @throws StoreUnavailableError, or the driver's error when what must be unique is not
   */
  write(query: PostgresQuery): Promise<PostgresAnswer>
  /**
   * A change of the row with this key at most, committed together with those that ask for the same change in this turn.
   * @throws as `write`
   */
  writeRow(query: PostgresQuery, key: string): Promise<PostgresAnswer>
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
  const { pool, end } = openPool(driver, settings)
  const running = new Set<Promise<unknown>>()
  const known: KnownRows = new Map()
  const line = { length: 0 }
  let closing: Promise<void> | undefined

  const run = async (
    statement: NamedStatement,
    executions: readonly Arguments[],
    act: PostgresAct,
  ): Promise<PostgresAnswer[]> => {
    if (line.length >= settings.poolSize * waitingPerConnection) {
      throw new StoreUnavailableError('busy', 'Too many callers wait for the database.')
    }
    return await send({ pool, line, known, settings }, statement, executions, act)
  }
  const read = async (
    statement: NamedStatement,
    executions: readonly Arguments[],
  ): Promise<PostgresAnswer[]> => {
    const started = performance.now()
    for (let attempt = 0; ; attempt++) {
      try {
        return await run(statement, executions, 'read')
      } catch (error) {
        const isLate = performance.now() - started > settings.connectTimeoutMs
        if (attempt === rereads || isLate || !isBrokenRead(error)) throw error
      }
    }
  }
  const write = (statement: NamedStatement, executions: readonly Arguments[]) =>
    run(statement, executions, 'write')
  const lookUp = carryOutTogether(read)
  const writeRow = carryOutTogether(write)
  const answering = (ask: () => Promise<PostgresAnswer>): Promise<PostgresAnswer> => {
    if (closing) return Promise.reject(closed())
    const answer = ask()
    const forget = () => running.delete(answer)
    running.add(answer)
    answer.then(forget, forget)
    return answer
  }
  return {
    read: (query) => answering(() => only(read(query, [query.values ?? []]))),
    lookUp: (query) => answering(() => lookUp(query)),
    write: (query) => answering(() => only(write(query, [query.values ?? []]))),
    writeRow: (query, key) => answering(() => writeRow(query, key)),
    close: () => (closing ??= closePool()),
  }

  async function closePool(): Promise<void> {
    await Promise.allSettled(running)
    await end()
  }
}

function closed(): StoreUnavailableError {
  return new StoreUnavailableError('closed', 'The database is closed.')
}

async function only(answers: Promise<PostgresAnswer[]>): Promise<PostgresAnswer> {
  return (await answers)[0] as PostgresAnswer
}

type Pool = InstanceType<PostgresDriver['Pool']>

function openPool(
  driver: PostgresDriver,
  settings: PostgresSettings,
): { readonly pool: Pool; readonly end: () => Promise<void> } {
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
  return {
    pool,
    end: async () => {
      // Saying goodbye to a server that no longer answers would take for ever.
      const limit = setTimeout(() => {
        for (const client of connections) client.connection.stream.destroy()
      }, settings.connectTimeoutMs)
      await pool.end()
      clearTimeout(limit)
    },
  }
}

interface Line {
  readonly pool: Pool
  readonly known: KnownRows
  readonly settings: PostgresSettings
  /** Executions that wait for a connection. */
  readonly line: { length: number }
}

/** By callbacks: at thousands of statements a second the driver's promises are a tenth of the cost. */
function send(
  { pool, line, known, settings }: Line,
  statement: NamedStatement,
  executions: readonly Arguments[],
  act: PostgresAct,
): Promise<PostgresAnswer[]> {
  return new Promise((resolve, reject) => {
    line.length += executions.length
    pool.connect((refusal, client, release) => {
      line.length -= executions.length
      if (refusal || client === undefined) {
        reject(explainWaiting(refusal, settings))
        return
      }
      const lockTimeoutMs =
        act === 'write' ? shareOfPatience(executions.length, settings) : undefined
      const work = { statement, all: executions, lockTimeoutMs }
      const hear = (error: Error | null, answers: PostgresAnswer[] | undefined): void => {
        if (!error && answers) {
          release()
          resolve(answers)
          return
        }
        release(breaksConnection(error) || needsAnother.has(sqlStateOf(error) ?? ''))
        reject(isUniqueViolation(error) ? error : explainPostgresFailure(error, act, settings))
      }
      try {
        sendPrepared(client, work, known, hear)
      } catch (error) {
        release()
        reject(error)
      }
    })
  })
}

/**
 * Changes that share a transaction wait for locks no longer than one of them would alone: not for one row that is
 * locked, before each is tried alone, and not one after the other until nobody waits for the answer.
 */
function shareOfPatience(
  executions: number,
  { lockTimeoutMs, statementTimeoutMs }: PostgresSettings,
): number | undefined {
  if (executions === 1) return undefined
  return Math.ceil(Math.min(lockTimeoutMs, statementTimeoutMs) / executions)
}

/** A connection on which this was refused would refuse it for as long as it stands. */
const needsAnother: ReadonlySet<string> = new Set([
  // By a standby: only a new connection can lead to the new primary.
  '25006',
  // The statement is not prepared: somebody in between reset the connection, its settings, too.
  '26000',
])

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
