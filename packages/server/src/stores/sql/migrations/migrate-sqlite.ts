import type { DatabaseSync } from 'node:sqlite'
import { type Migration, statementsFor, checksumOf } from './migration.ts'
import { migrations } from './migrations.ts'
import { type AppliedMigration, planMigrations, refusePending } from './plan-migrations.ts'

/**
 * Brings the database to the newest schema, in one transaction that no other process can enter.
 * @returns the steps that were applied now
 * @throws StoreUnavailableError when the database needs another version
 */
export function migrateSqlite(
  database: DatabaseSync,
  now: number,
  known: readonly Migration[] = migrations,
): readonly Migration[] {
  database.exec('BEGIN IMMEDIATE')
  try {
    database.exec(
      `CREATE TABLE IF NOT EXISTS migrations (
        number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, kind TEXT NOT NULL,
        applied_at INTEGER NOT NULL
      ) STRICT`,
    )
    const pending = planMigrations('sqlite', known, readAppliedInSqlite(database))
    const insert = database.prepare('INSERT INTO migrations VALUES (?, ?, ?, ?, ?)')
    for (const migration of pending) {
      for (const statement of statementsFor('sqlite', migration)) database.exec(statement)
      const { number, name, kind = 'expand' } = migration
      insert.run(number, name, checksumOf('sqlite', migration), kind, now)
    }
    database.exec('COMMIT')
    return pending
  } catch (error) {
    // After some faults SQLite has rolled back by itself, and a second time would hide the fault.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** @throws StoreUnavailableError when a step is pending, or the database needs another version */
export function checkSqliteSchema(database: DatabaseSync): void {
  refusePending(planMigrations('sqlite', migrations, readAppliedInSqlite(database)))
}

export function readAppliedInSqlite(database: DatabaseSync): readonly AppliedMigration[] {
  const table = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'migrations'").get()
  if (table === undefined) return []
  return database
    .prepare('SELECT number, name, checksum, kind, applied_at FROM migrations ORDER BY number')
    .all()
    .map((row) => ({
      number: Number(row['number']),
      name: String(row['name']),
      checksum: String(row['checksum']),
      kind: row['kind'] === 'contract' ? 'contract' : 'expand',
      appliedAt: Number(row['applied_at']),
    }))
}
