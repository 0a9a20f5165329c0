import type { Client, QueryConfig } from 'pg'
import type { PostgresSettings } from '../config/settings.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { connectionOptionsOf } from './connection-options.ts'
import { describePlace, sqlStateOf } from './explain-failure.ts'
import type { PostgresDriver } from './load-driver.ts'

const rounds = 5

/**
 * Refuses a pooler that gives a connection's server process to others between two transactions. Behind it a setting
 * such as `synchronous_commit` would hold for whoever comes next instead of us, and nobody would hear a NOTIFY.
 *
 * PostgreSQL tells at the beginning which process serves the connection; a pooler tells a number of its own, so that
 * nothing more is asked where there is none. Behind one, a second connection occupies a process and the first is asked
 * whether it still has its own. Nothing is set before that: it would stay behind for others.
 *
 * @throws StoreUnavailableError with the mend
 */
export async function refuseSharedConnections(
  driver: PostgresDriver,
  settings: PostgresSettings,
  client: Client & { readonly processID?: number | null },
): Promise<void> {
  const own = await askProcess(client, settings)
  if (client.processID === own) return
  const other = new driver.Client({
    ...connectionOptionsOf(settings),
    query_timeout: settings.connectTimeoutMs,
  })
  other.on('error', () => undefined)
  try {
    await other.connect()
    for (let round = 0; round < rounds; round++) {
      if (!(await areApart(client, other, own, settings))) throw refusal(settings)
    }
  } finally {
    other.connection.stream.destroy()
  }
}

/** Whether the first connection keeps its process, and the other has another, while that one's transaction is open. */
async function areApart(
  client: Client,
  other: Client,
  own: number,
  settings: PostgresSettings,
): Promise<boolean> {
  try {
    await other.query('BEGIN')
  } catch (error) {
    // A pooler that shares connections between statements knows no transactions.
    if (sqlStateOf(error) !== undefined) return false
    throw error
  }
  const theirs = await askProcess(other, settings)
  const still = await askProcess(client, settings)
  await other.query('ROLLBACK')
  return theirs !== own && still === own
}

async function askProcess(client: Client, settings: PostgresSettings): Promise<number> {
  const query: QueryConfig & { readonly query_timeout: number } = {
    text: 'SELECT pg_backend_pid() AS pid',
    query_timeout: settings.connectTimeoutMs,
  }
  const { rows } = await client.query<{ pid: string }>(query)
  return Number(rows[0]?.pid)
}

function refusal(settings: PostgresSettings): StoreUnavailableError {
  return new StoreUnavailableError(
    'denied',
    `${describePlace(settings)} is a pooler that shares connections between transactions, so that settings and LISTEN are lost: ` +
      'set its pool_mode to session, or name the server itself.',
  )
}
