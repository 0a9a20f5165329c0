import { statSync } from 'node:fs'
import type { Clock } from '../../foundation/clock.ts'
import { StoreUnavailableError } from '../../foundation/store-failure.ts'
import type { Store } from '../store.ts'
import { createSqlStore } from './create-sql-store.ts'
import { checkSqliteSchema, migrateSqlite } from './migrations/migrate-sqlite.ts'
import { createSqliteDatabase, openConnection } from './sqlite-database.ts'

export interface SqliteStoreOptions {
  /** Made with its directory when it is not there; `:memory:` for a store that dies with the process. */
  readonly file: string
  /** The store's own time is this machine's. */
  readonly clock: Clock
  /** Default: true. Otherwise a pending schema step is refused. */
  readonly migrates?: boolean
  /** How long to wait for another process that has locked the database, in milliseconds. Default: 5,000. */
  readonly lockPatienceMs?: number
}

/**
 * Opens the embedded database and brings its tables up to date.
 * @throws StoreUnavailableError when the file cannot be opened, with the mend in its message
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { file, clock, migrates = true, lockPatienceMs = 5_000 } = options
  const connection = openConnection(file, lockPatienceMs, (opened) => {
    if (migrates) migrateSqlite(opened, clock())
    else checkSqliteSchema(opened)
  })
  const inode = file === ':memory:' ? undefined : statSync(file).ino
  const database = createSqliteDatabase(connection, file, lockPatienceMs)
  const version = String(connection.prepare('SELECT sqlite_version() AS v').get()?.['v'])
  return {
    ...createSqlStore(database),
    description: `SQLite ${version} at ${file}`,
    readTime: async () => {
      database.checkOpen()
      return clock()
    },
    checkReady: async () => {
      // A file that was removed or replaced goes on under the old name for this process alone.
      if (inode !== undefined && inodeOf(file) !== inode) {
        throw new StoreUnavailableError(
          'unreachable',
          `The database ${file} was moved or replaced.`,
        )
      }
      await database.checkReady()
    },
    close: () => database.close(),
  }
}

function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino
}
