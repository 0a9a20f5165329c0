import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { loadOrCreateSecretFile } from '../config/secret-file.ts'
import type {
  DatabaseSettings,
  PostgresSettings,
  Settings,
  SqliteSettings,
} from '../config/settings.ts'
import { systemClock } from '../foundation/clock.ts'
import { systemRandomness } from '../foundation/randomness.ts'
import { loadPostgresDriver } from '../postgres/load-driver.ts'
import { withConnection } from '../postgres/with-connection.ts'
import { applyMongodbSteps, listMongodbSteps } from './mongodb/schema-steps.ts'
import { migratePostgres, readAppliedInPostgres } from './sql/migrations/migrate-postgres.ts'
import { migrateSqlite, readAppliedInSqlite } from './sql/migrations/migrate-sqlite.ts'
import { migrations } from './sql/migrations/migrations.ts'
import { listSteps, planMigrations, type SchemaStep } from './sql/migrations/plan-migrations.ts'
import { openConnection } from './sql/sqlite-database.ts'
import { explainSqliteFailure } from './sql/sqlite-failure.ts'

const migrationPatienceMs = 5_000

/**
 * Every step of the schema and since when it is applied. Changes nothing and makes no file.
 * @throws StoreUnavailableError when the database cannot be reached, or needs another version than this
 */
export async function listSchemaSteps(database: DatabaseSettings): Promise<readonly SchemaStep[]> {
  if (database.kind === 'mongodb') return listMongodbSteps(database.url)
  const applied = await readApplied(database)
  planMigrations(database.kind, migrations, applied)
  return listSteps(migrations, applied)
}

async function readApplied(database: SqliteSettings | PostgresSettings) {
  if (database.kind === 'postgres') {
    return withConnection(await loadPostgresDriver(), database, readAppliedInPostgres)
  }
  if (database.file === ':memory:' || !existsSync(database.file)) return []
  const connection = new DatabaseSync(database.file, { readOnly: true, timeout: 2_000 })
  try {
    return readAppliedInSqlite(connection)
  } catch (error) {
    throw explainSqliteFailure(error)
  } finally {
    connection.close()
  }
}

/**
 * Applies what is pending, alone among all processes.
 * @returns the numbers of the steps that were applied now
 */
export async function applySchemaSteps({
  database,
  secrets,
}: Pick<Settings, 'database' | 'secrets'>): Promise<readonly number[]> {
  if (database.kind === 'postgres') {
    const applied = await withConnection(await loadPostgresDriver(), database, (client) =>
      migratePostgres(client, database.schema),
    )
    return applied.map(({ number }) => number)
  }
  if (database.kind === 'mongodb') return applyMongodbSteps(database.url, systemClock)
  // Made before the database: one that is there without its secret counts as one that has lost it.
  if (secrets.length === 0) loadOrCreateSecretFile(database.file, systemRandomness)
  const connection = openConnection(database.file, migrationPatienceMs, () => undefined)
  try {
    return migrateSqlite(connection, systemClock()).map(({ number }) => number)
  } finally {
    connection.close()
  }
}
