import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { tables } from './001-tables.ts'
import { consumed } from './002-consumed.ts'
import type { Migration } from './migration.ts'

/** All of them, in order. Expand, then contract: version N and N-1 run side by side on the result. */
export const migrations: readonly Migration[] = [tables, consumed]

/**
 * Brings the database to the newest schema, in one transaction that no other process can enter.
 * @throws when the database was made by a newer version, or an applied step is not the one known here
 */
export function migrate(database: DatabaseSync, now: number): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    database.exec(
      `CREATE TABLE IF NOT EXISTS migrations (
        number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL
      ) STRICT`,
    )
    applyMissing(database, now)
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

function applyMissing(database: DatabaseSync, now: number): void {
  const applied = new Map(
    database
      .prepare('SELECT number, checksum FROM migrations')
      .all()
      .map((row) => [Number(row['number']), String(row['checksum'])]),
  )
  const newest = Math.max(0, ...applied.keys())
  if (newest > migrations.length) {
    throw new Error(
      `The database has schema ${newest}, and this version knows ${migrations.length}: start a newer version of Countersign.`,
    )
  }
  const insert = database.prepare('INSERT INTO migrations VALUES (?, ?, ?, ?)')
  for (const migration of migrations) {
    const known = applied.get(migration.number)
    const checksum = checksumOf(migration)
    if (known === undefined) {
      for (const statement of migration.statements) database.exec(statement)
      insert.run(migration.number, migration.name, checksum, now)
    } else if (known !== checksum) {
      throw new Error(
        `Schema step ${migration.number} was applied in another form than this version knows: start the version that made the database, or restore a backup.`,
      )
    }
  }
}

function checksumOf(migration: Migration): string {
  return createHash('sha256').update(migration.statements.join(';\n')).digest('hex')
}
