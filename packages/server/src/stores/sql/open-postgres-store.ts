import type { Client } from 'pg'
import type { PostgresSettings } from '../../config/settings.ts'
import type { Clock } from '../../foundation/clock.ts'
import { StoreUnavailableError } from '../../foundation/store-failure.ts'
import { type ConnectionPool, createConnectionPool } from '../../postgres/connection-pool.ts'
import { describePlace } from '../../postgres/explain-failure.ts'
import { loadPostgresDriver } from '../../postgres/load-driver.ts'
import { withConnection } from '../../postgres/with-connection.ts'
import type { Store } from '../store.ts'
import { createSqlStore } from './create-sql-store.ts'
import { checkPostgresSchema, migratePostgres } from './migrations/migrate-postgres.ts'
import { createPostgresDatabase } from './postgres-database.ts'

export interface PostgresStoreOptions {
  /** Default: true. Otherwise a pending schema step is refused. */
  readonly migrates?: boolean
  /** What the store tells instead of the server's time, for tests that decide what time it is. */
  readonly time?: Clock | undefined
}

/**
 * Connects to a PostgreSQL server and brings our schema there up to date.
 * @throws ConfigurationError when the driver is not installed
 * @throws StoreUnavailableError with the mend when the server cannot be used
 */
export async function openPostgresStore(
  settings: PostgresSettings,
  options: PostgresStoreOptions = {},
): Promise<Store> {
  const driver = await loadPostgresDriver()
  const version = await withConnection(driver, settings, async (client) => {
    const found = await checkServer(client, settings)
    if (options.migrates ?? true) await migratePostgres(client, settings.schema)
    else await checkPostgresSchema(client)
    return found
  })
  const pool = createConnectionPool(driver, settings)
  return {
    ...createSqlStore(createPostgresDatabase(pool)),
    description: describePlace(settings).replace('PostgreSQL', `PostgreSQL ${version}`),
    readTime: () => readTime(pool, options.time),
    checkReady: () => checkWritable(pool),
    close: () => pool.close(),
  }
}

const oldestVersion = 14

/**
 * What no statement could mend later: a server too old, an encoding that cannot hold every name, and one that takes no
 * change, where all would seem well until the first is refused.
 */
async function checkServer(client: Client, settings: PostgresSettings): Promise<string> {
  const { rows } = await client.query<Record<string, string>>(
    `SELECT current_setting('server_version') AS version, current_setting('server_encoding') AS encoding,
      current_setting('server_version_num')::bigint / 10000 AS major,
      current_setting('transaction_read_only') AS read_only`,
  )
  const { version = '', encoding = '', major = '0', read_only: readOnly } = rows[0] ?? {}
  const refuse = (message: string) =>
    new StoreUnavailableError('schema', `${describePlace(settings)}: ${message}`)
  if (Number(major) < oldestVersion) {
    throw refuse(`it is version ${version}; Countersign needs ${oldestVersion} or later.`)
  }
  if (encoding !== 'UTF8') {
    throw refuse(`its encoding is ${encoding}: create the database with ENCODING 'UTF8'.`)
  }
  if (readOnly === 'on') {
    const message = `${describePlace(settings)}: it is a standby or read-only: name the primary.`
    throw new StoreUnavailableError('read_only', message)
  }
  return version.split(' ')[0] ?? version
}

async function readTime(pool: ConnectionPool, instead: Clock | undefined): Promise<number> {
  const { rows } = await pool.read({
    name: 'countersign_time',
    text: 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now',
  })
  return instead?.() ?? Number(rows[0]?.['now'])
}

/**
 * A standby answers every question and takes no change, so this asks for the right to make one, and makes none. Refused,
 * the pool lets the connection go: another one may lead to the new primary.
 */
async function checkWritable(pool: ConnectionPool): Promise<void> {
  await pool.read({
    name: 'countersign_ready',
    text: 'SELECT 1 FROM leases WHERE false FOR UPDATE',
  })
}
