import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { loadOrCreateSecretFile } from '../config/secret-file.ts'
import type { DatabaseSettings, Settings, SqliteSettings } from '../config/settings.ts'
import { systemClock } from '../foundation/clock.ts'
import { systemRandomness } from '../foundation/randomness.ts'
import { loadPostgresDriver } from '../postgres/load-driver.ts'
import { withConnection } from '../postgres/with-connection.ts'
import { type MongodbDatabase, openMongodbDatabase } from './mongodb/mongodb-database.ts'
import * as mongodb from './mongodb/migrations/migrate.ts'
import type { SchemaStep } from './schema-step.ts'
import { migratePostgres, readAppliedInPostgres } from './sql/migrations/migrate-postgres.ts'
import { migrateSqlite, readAppliedInSqlite } from './sql/migrations/migrate-sqlite.ts'
import { migrations } from './sql/migrations/migrations.ts'
import { listSteps, planMigrations } from './sql/migrations/plan-migrations.ts'
import { openConnection } from './sql/sqlite-database.ts'
import { explainSqliteFailure } from './sql/sqlite-failure.ts'

/**
 * Every step of the schema and since when it is applied. Changes nothing and makes no file.
 * @throws StoreUnavailableError when the database cannot be reached, or needs another version than this
 */
export async function listSchemaSteps(database: DatabaseSettings): Promise<readonly SchemaStep[]> {
  if (database.kind === 'mongodb') {
    return withMongodb(database.url, ({ collections }) => mongodb.listSteps(collections))
  }
  const applied =
    database.kind === 'postgres'
      ? await withConnection(await loadPostgresDriver(), database, readAppliedInPostgres)
      : readAppliedInFile(database)
  planMigrations(database.kind, migrations, applied)
  return listSteps(migrations, applied)
}

function readAppliedInFile({ file }: SqliteSettings) {
  if (file === ':memory:' || !existsSync(file)) return []
  const connection = new DatabaseSync(file, { readOnly: true, timeout: 2_000 })
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
export async function applySchemaSteps(
  settings: Pick<Settings, 'database' | 'secrets'>,
): Promise<readonly number[]> {
  const applied = await applyPending(settings)
  return applied.map(({ number }) => number)
}

async function applyPending({
  database,
  secrets,
}: Pick<Settings, 'database' | 'secrets'>): Promise<readonly { readonly number: number }[]> {
  switch (database.kind) {
    case 'mongodb':
      return withMongodb(database.url, ({ collections }) =>
        mongodb.migrate(collections, systemClock),
      )
    case 'postgres':
      return withConnection(await loadPostgresDriver(), database, (client) =>
        migratePostgres(client, database.schema),
      )
    case 'sqlite': {
      // Made before the database: one that is there without its secret counts as one that has lost it.
      if (secrets.length === 0) loadOrCreateSecretFile(database.file, systemRandomness)
      const connection = openConnection(database.file, migrationPatienceMs, () => undefined)
      try {
        return migrateSqlite(connection, systemClock())
      } finally {
        connection.close()
      }
    }
  }
}

async function withMongodb<T>(
  url: string,
  work: (database: MongodbDatabase) => Promise<T>,
): Promise<T> {
  const database = await openMongodbDatabase(url)
  try {
    return await database.guard({ work: () => work(database) }).work()
  } finally {
    await database.close()
  }
}

/** While another process migrates. */
const migrationPatienceMs = 60_000
