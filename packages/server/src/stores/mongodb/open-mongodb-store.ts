import type { Clock } from '../../foundation/clock.ts'
import { StoreUnavailableError } from '../../foundation/store-failure.ts'
import type { Store } from '../store.ts'
import { createAccountStore } from './account-store.ts'
import { createAttemptStore } from './attempt-store.ts'
import { createAuditStore } from './audit-store.ts'
import type { Collections } from './documents.ts'
import { createKeyringStore } from './keyring-store.ts'
import { createLeaseStore } from './lease-store.ts'
import { checkMongodbSchema } from './migrations/migrate.ts'
import { openMongodbDatabase } from './mongodb-database.ts'
import { createOneTimeStore } from './one-time-store.ts'
import { createRevocationStore } from './revocation-store.ts'
import { createServiceStore } from './service-store.ts'
import { createSessionStore } from './session-store.ts'
import { applyMongodbSteps } from './schema-steps.ts'
import { createFactorStore } from './factor-store.ts'
import { createChallengeStore } from './challenge-store.ts'
import { createMailStore } from './mail-store.ts'
import { bounded } from './time-limit.ts'
import { watchMark } from './watch-mark.ts'

export interface MongodbStoreOptions {
  readonly url: string
  readonly clock: Clock
  /** Default: true. Otherwise a pending schema step is refused. */
  readonly migrates?: boolean
  /** What the store tells instead of the server's time, for tests that decide what time it is. */
  readonly time?: Clock | undefined
}

/**
 * Connects and brings the indexes up to date.
 * @throws ConfigurationError when the URL is none, or the driver is not installed
 * @throws StoreUnavailableError when the server cannot be reached, with the mend in its message
 */
export async function openMongodbStore(options: MongodbStoreOptions): Promise<Store> {
  const { url, clock, time, migrates = true } = options
  if (migrates) await applyMongodbSteps(url, clock)
  const database = await openMongodbDatabase(url)
  const { collections, description } = database
  try {
    await database.guard({ check: () => checkMongodbSchema(collections) }).check()
  } catch (error) {
    await database.close()
    throw error
  }
  const parts = {
    ...createAccountStore(collections),
    ...createSessionStore(collections),
    ...createKeyringStore(collections),
    ...createRevocationStore(collections),
    ...createAttemptStore(collections),
    ...createOneTimeStore(collections),
    ...createServiceStore(collections),
    ...createLeaseStore(collections),
    ...createFactorStore(collections),
    ...createChallengeStore(collections),
    ...createMailStore(collections),
    ...createAuditStore(collections),
    // The server is asked all the same, so that a store out of reach has no time either.
    readTime: async () => {
      const server = await database.readServer()
      return time?.() ?? server.time
    },
    checkReady: () => checkReady(collections),
  }
  const operations = database.guard(parts, watchMark(collections))
  return { ...operations, description, close: () => database.close() }
}

async function checkReady({ leases, migrations }: Collections): Promise<void> {
  // A write that finds nothing to do still needs a primary and the right to write.
  await leases.deleteOne({ _id: '' }, bounded)
  if ((await migrations.findOne({}, bounded)) === null) {
    // Without its indexes it would take a user name twice.
    throw new StoreUnavailableError(
      'schema',
      'The database was emptied while this process ran: start it again.',
    )
  }
}
