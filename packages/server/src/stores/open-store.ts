import type { DatabaseSettings } from '../config/settings.ts'
import type { Clock } from '../foundation/clock.ts'
import { openSqliteStore } from './sql/open-sqlite-store.ts'
import type { Store } from './store.ts'

/**
 * Opens the configured database and brings its schema up to date.
 * @throws StoreUnavailableError when it cannot be opened
 */
export function openStore(database: DatabaseSettings, clock: Clock): Promise<Store> {
  switch (database.kind) {
    case 'sqlite':
      return openSqliteStore({ file: database.file, clock })
  }
}
