import type { Store } from '../store.ts'
import { createAccountStore } from './account-store.ts'
import { createAttemptStore } from './attempt-store.ts'
import { createAuditStore } from './audit-store.ts'
import { createKeyringStore } from './keyring-store.ts'
import { createLeaseStore } from './lease-store.ts'
import { createOneTimeStore } from './one-time-store.ts'
import { createRevocationStore } from './revocation-store.ts'
import { createServiceStore } from './service-store.ts'
import { createSessionStore } from './session-store.ts'
import { createFactorStore } from './factor-store.ts'
import { createChallengeStore } from './challenge-store.ts'
import { createMailStore } from './mail-store.ts'
import type { SqlDatabase } from './sql-database.ts'

/** What the store of one kind of database adds for itself. */
type OwnParts = 'description' | 'readTime' | 'checkReady' | 'close'

/** Every domain's store over one database. */
export function createSqlStore(database: SqlDatabase): Omit<Store, OwnParts> {
  return {
    ...createAccountStore(database),
    ...createSessionStore(database),
    ...createKeyringStore(database),
    ...createRevocationStore(database),
    ...createAttemptStore(database),
    ...createOneTimeStore(database),
    ...createServiceStore(database),
    ...createLeaseStore(database),
    ...createFactorStore(database),
    ...createChallengeStore(database),
    ...createMailStore(database),
    ...createAuditStore(database),
  }
}
