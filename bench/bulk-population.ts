import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { openSqliteStore } from '../packages/server/src/stores/sql/open-sqlite-store.ts'
import type { PostgresPlace } from './postgres-server.ts'

// Only the database's own SQL makes a million rows in seconds. Ids share a long beginning, as those of the product do,
// which begin with the time.

/** The number of an account, from 1, and of its one session. */
export function bulkId(number: number): string {
  return `${number}`.padStart(26, '0')
}

/** A new embedded database with so many accounts and sessions. */
export async function fillSqlite(file: string, size: number): Promise<void> {
  await (await openSqliteStore({ file, clock: Date.now })).close()
  const database = new DatabaseSync(file)
  const now = Date.now()
  // What a power cut does to it does not matter until it is filled.
  database.exec('PRAGMA synchronous = OFF')
  const numbers = `WITH RECURSIVE numbers (i) AS
    (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ${size})`
  database.exec(`INSERT INTO users (id, username, username_key, email, password_hash, role, disabled, session_epoch,
      token_epoch, epochs_raised_at, created_at, updated_at, deleted_at) ${numbers}
    SELECT printf('%026d', i), 'user-' || i, 'user-' || i, NULL, printf('%097d', 7), 'user', 0, 0, 0, NULL,
      ${now}, ${now}, NULL FROM numbers`)
  database.exec(`INSERT INTO sessions (id, user_id, salt, generation, parent, rotated_at, created_at, last_used_at,
      ended_at, end_reason, epoch, user_agent, ip) ${numbers}
    SELECT printf('%026d', i), printf('%026d', i), randomblob(16), 1, NULL, ${now}, ${now}, ${now}, NULL, NULL,
      0, printf('%080d', 7), '127.0.0.1' FROM numbers`)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}

/** The same on PostgreSQL, with the statistics that autovacuum would take in a while. */
export async function fillPostgres(place: PostgresPlace, size: number): Promise<void> {
  await (await place.openStore()).close()
  const url = new URL(place.url)
  const schema = url.searchParams.get('schema') ?? ''
  url.search = ''
  const client = new Client({ connectionString: url.href, options: `-c search_path=${schema}` })
  await client.connect()
  const now = Date.now()
  await client.query(`INSERT INTO users
    SELECT lpad(i::text, 26, '0'), 'user-' || i, 'user-' || i, NULL, repeat('x', 97), 'user', 0, 0, 0, NULL,
      ${now}, ${now}, NULL FROM generate_series(1, ${size}) AS i`)
  await client.query(`INSERT INTO sessions
    SELECT lpad(i::text, 26, '0'), lpad(i::text, 26, '0'), decode(md5(i::text), 'hex'), 1, NULL, ${now}, ${now},
      ${now}, NULL, NULL, 0, repeat('x', 80), '127.0.0.1' FROM generate_series(1, ${size}) AS i`)
  await client.query('VACUUM ANALYZE users, sessions')
  await client.query('CHECKPOINT')
  await client.end()
}
