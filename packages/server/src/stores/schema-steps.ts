import { existsSync } from 'node:fs'
import type { DatabaseSettings } from '../config/settings.ts'
import type { Clock } from '../foundation/clock.ts'
import { loadPostgresDriver } from '../postgres/load-driver.ts'
import { withConnection } from '../postgres/with-connection.ts'
import { migratePostgres, readAppliedInPostgres } from './sql/migrations/migrate-postgres.ts'
import { migrateSqlite, readAppliedInSqlite } from './sql/migrations/migrate-sqlite.ts'
import { migrations } from './sql/migrations/migrations.ts'
import { listSteps, planMigrations, type SchemaStep } from './sql/migrations/plan-migrations.ts'
import { openConnection } from './sql/sqlite-database.ts'

/**
 * Every step of the schema and since when it is applied. Changes nothing and makes no file.
 * @throws StoreUnavailableError when the database cannot be reached, or needs another version than this
 */
export async function listSchemaSteps(database: DatabaseSettings): Promise<readonly SchemaStep[]> {
  const applied = await readApplied(database)
  planMigrations(database.kind, migrations, applied)
  return listSteps(migrations, applied)
}

async function readApplied(database: DatabaseSettings) {
  if (database.kind === 'postgres') {
    return withConnection(await loadPostgresDriver(), database, readAppliedInPostgres)
  }
  if (database.file === ':memory:' || !existsSync(database.file)) return []
  const connection = openConnection(database.file)
  try {
    return readAppliedInSqlite(connection)
  } finally {
    connection.close()
  }
}

/**
 * Applies what is pending, alone among all processes.
 * @returns the numbers of the steps that were applied now
 */
export async function applySchemaSteps(
  database: DatabaseSettings,
  clock: Clock,
): Promise<readonly number[]> {
  if (database.kind === 'postgres') {
    const applied = await withConnection(await loadPostgresDriver(), database, (client) =>
      migratePostgres(client, database.schema),
    )
    return applied.map(({ number }) => number)
  }
  const connection = openConnection(database.file)
  try {
    return migrateSqlite(connection, clock()).map(({ number }) => number)
  } finally {
    connection.close()
  }
}
