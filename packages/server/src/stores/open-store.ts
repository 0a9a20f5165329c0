import type { Settings } from '../config/settings.ts'
import type { Clock } from '../foundation/clock.ts'
import { openMongodbStore } from './mongodb/open-mongodb-store.ts'
import { openPostgresStore } from './sql/open-postgres-store.ts'
import { openSqliteStore } from './sql/open-sqlite-store.ts'
import type { Store } from './store.ts'

/**
 * Opens the database that is configured.
 * @param clock this machine's, which an embedded database shares
 * @param storeTime what the database tells instead of its own time
 * @throws StoreUnavailableError with the mend when it cannot be used
 */
export function openStore(
  settings: Pick<Settings, 'database' | 'migratesOnStart'>,
  clock: Clock,
  storeTime?: Clock,
): Promise<Store> {
  const { database, migratesOnStart: migrates } = settings
  switch (database.kind) {
    case 'sqlite':
      return openSqliteStore({ file: database.file, clock: storeTime ?? clock, migrates })
    case 'postgres':
      return openPostgresStore(database, { migrates, time: storeTime })
    case 'mongodb':
      return openMongodbStore({ url: database.url, clock, migrates, time: storeTime })
  }
}
