import type { ClientBase } from 'pg'
import { checksumOf, type Migration, statementsFor } from './migration.ts'
import { migrations } from './migrations.ts'
import { type AppliedMigration, planMigrations, refusePending } from './plan-migrations.ts'

/** While another process migrates. */
const migrationPatience = '60s'
/** A table that is in use: everybody else would queue behind a step that waits for it. */
const tablePatience = '5s'

const insertApplied = `INSERT INTO migrations
  VALUES ($1, $2, $3, $4, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)`

/**
 * Brings the schema up to date, in one transaction that only one process at a time can enter. Nothing is locked and no
 * right to change tables is needed when nothing is pending.
 * @returns the steps that were applied now
 * @throws StoreUnavailableError when the database needs another version
 */
export async function migratePostgres(
  client: ClientBase,
  schema: string,
  known: readonly Migration[] = migrations,
): Promise<readonly Migration[]> {
  const planned = planMigrations('postgres', known, await readAppliedInPostgres(client))
  if (planned.length === 0) return []
  await client.query('BEGIN')
  try {
    await client.query(`SET LOCAL lock_timeout = '${migrationPatience}'`)
    // Released by the end of the transaction, however it comes.
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `countersign schema ${schema}`,
    ])
    await client.query(`SET LOCAL lock_timeout = '${tablePatience}'`)
    const pending = await applyPending(client, schema, known)
    await client.query('COMMIT')
    return pending
  } catch (error) {
    // The transaction is over either way; a broken connection cannot even say so.
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

async function applyPending(
  client: ClientBase,
  schema: string,
  known: readonly Migration[],
): Promise<readonly Migration[]> {
  // Asked first: even IF NOT EXISTS wants the right to create schemas, which a careful operator keeps to himself.
  const found = await client.query('SELECT to_regnamespace($1) IS NOT NULL AS is_there', [schema])
  if (!isTrue(found.rows[0]?.is_there)) await client.query(`CREATE SCHEMA ${schema}`)
  await client.query(
    `CREATE TABLE IF NOT EXISTS migrations (
      number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, kind TEXT NOT NULL,
      applied_at BIGINT NOT NULL
    )`,
  )
  const pending = planMigrations('postgres', known, await readAppliedInPostgres(client))
  for (const migration of pending) {
    for (const statement of statementsFor('postgres', migration)) await client.query(statement)
    const { number, name, kind = 'expand' } = migration
    const checksum = checksumOf('postgres', migration)
    await client.query(insertApplied, [number, name, checksum, kind])
  }
  return pending
}

/** @throws StoreUnavailableError when a step is pending, or the database needs another version */
export async function checkPostgresSchema(client: ClientBase): Promise<void> {
  refusePending(planMigrations('postgres', migrations, await readAppliedInPostgres(client)))
}

export async function readAppliedInPostgres(
  client: ClientBase,
): Promise<readonly AppliedMigration[]> {
  const table = await client.query("SELECT to_regclass('migrations') IS NOT NULL AS is_there")
  if (!isTrue(table.rows[0]?.is_there)) return []
  const applied = await client.query<Record<string, unknown>>(
    'SELECT number, name, checksum, kind, applied_at FROM migrations ORDER BY number',
  )
  return applied.rows.map((row) => ({
    number: Number(row['number']),
    name: String(row['name']),
    checksum: String(row['checksum']),
    kind: row['kind'] === 'contract' ? 'contract' : 'expand',
    appliedAt: Number(row['applied_at']),
  }))
}

/** Booleans arrive as text: the connection parses integers and bytes alone. */
function isTrue(value: unknown): boolean {
  return value === 't'
}
