import { createHash } from 'node:crypto'
import type { Clock } from '../../../foundation/clock.ts'
import { createIdSource } from '../../../foundation/ids.ts'
import { systemRandomness } from '../../../foundation/randomness.ts'
import { withLease } from '../../../leases/with-lease.ts'
import {
  type AppliedMigration,
  planSteps,
  refusePending,
} from '../../sql/migrations/plan-migrations.ts'
import type { Collections } from '../documents.ts'
import { createLeaseStore } from '../lease-store.ts'
import { isDuplicateKey } from '../mongodb-failure.ts'
import { bounded } from '../time-limit.ts'
import { indexes } from './001-indexes.ts'
import { services } from './002-services.ts'
import { waysIn } from './003-ways-in.ts'
import { liveSessions } from './004-live-sessions.ts'
import type { Migration } from './migration.ts'

/** All of them, in order. Expand, then contract: version N and N-1 run side by side on the result. */
export const migrations: readonly Migration[] = [indexes, services, waysIn, liveSessions]

/** Instances that start while one applies a step wait for it. */
const patienceMs = 60_000

/**
 * Brings the database to the newest schema, one process at a time. A step that outlives the lease, or ends half-way, does
 * no harm: making an index that is there changes nothing, and a step is noted once it is done.
 *
 * @returns the steps that were applied now
 * @throws StoreUnavailableError when the database needs another version
 */
export async function migrateMongodb(
  collections: Collections,
  clock: Clock,
  known: readonly Migration[] = migrations,
): Promise<readonly Migration[]> {
  if ((await findPending(collections, known)).length === 0) return []
  const parts = { clock, newId: createIdSource(clock, systemRandomness), patienceMs }
  return withLease(createLeaseStore(collections), 'migrations', parts, async () => {
    const pending = await findPending(collections, known)
    for (const migration of pending) {
      await apply(collections, migration)
      await note(collections, migration, clock())
    }
    return pending
  })
}

/** @throws StoreUnavailableError when a step is pending, or the database needs another version */
export async function checkMongodbSchema(collections: Collections): Promise<void> {
  refusePending(await findPending(collections, migrations))
}

async function findPending(collections: Collections, known: readonly Migration[]) {
  return planSteps(known, checksumOf, await readAppliedInMongodb(collections))
}

export async function readAppliedInMongodb({
  migrations: notes,
}: Collections): Promise<readonly AppliedMigration[]> {
  const applied = await notes.find({}, bounded).sort({ _id: 1 }).toArray()
  return applied.map(({ _id: number, name, checksum, kind, appliedAt }) => ({
    number,
    name,
    checksum,
    kind: kind === 'contract' ? 'contract' : 'expand',
    appliedAt,
  }))
}

// Without a bound: on a large collection an index takes its time, and the server goes on making it when the driver does
// not wait.
async function apply(collections: Collections, migration: Migration): Promise<void> {
  for (const { collection, field, more = [], ...options } of migration.indexes) {
    const key = Object.fromEntries([field, ...more].map((name) => [name, 1]))
    await collections[collection].createIndex(key, options)
  }
}

async function note(
  { migrations: notes }: Collections,
  migration: Migration,
  appliedAt: number,
): Promise<void> {
  const { number, name, kind = 'expand' } = migration
  const checksum = checksumOf(migration)
  try {
    await notes.insertOne({ _id: number, name, checksum, kind, appliedAt }, bounded)
  } catch (error) {
    if (!isDuplicateKey(error)) throw error
  }
}

export function checksumOf(migration: Migration): string {
  return createHash('sha256').update(JSON.stringify(migration.indexes)).digest('hex')
}
