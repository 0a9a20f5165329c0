import { createHash } from 'node:crypto'
import type { Clock } from '../../../foundation/clock.ts'
import { createIdSource } from '../../../foundation/ids.ts'
import { systemRandomness } from '../../../foundation/randomness.ts'
import { StoreUnavailableError } from '../../../foundation/store-failure.ts'
import { withLease } from '../../../leases/with-lease.ts'
import type { SchemaStep } from '../../schema-step.ts'
import type { Collections } from '../documents.ts'
import { createLeaseStore } from '../lease-store.ts'
import { isDuplicateKey } from '../mongodb-failure.ts'
import { indexes } from './001-indexes.ts'
import { services } from './002-services.ts'
import type { Migration } from './migration.ts'

/** All of them, in order. Expand, then contract: version N and N-1 run side by side on the result. */
export const migrations: readonly Migration[] = [indexes, services]

/**
 * Brings the database to the newest schema, one process at a time. A step that outlives the lease, or ends half-way, does
 * no harm: making an index that is there changes nothing, and a step is noted once it is done.
 *
 * @returns the steps that were applied now
 * @throws StoreUnavailableError when the database was made by a newer version, or an applied step is not the one known
 */
export async function migrate(
  collections: Collections,
  clock: Clock,
): Promise<readonly Migration[]> {
  if ((await findPending(collections)).length === 0) return []
  const parts = { clock, newId: createIdSource(clock, systemRandomness) }
  return withLease(createLeaseStore(collections), 'migrations', parts, async () => {
    const pending = await findPending(collections)
    for (const migration of pending) {
      await apply(collections, migration)
      await note(collections, migration, clock())
    }
    return pending
  })
}

/** Every step that this version knows and since when it is applied. */
export async function listSteps(collections: Collections): Promise<readonly SchemaStep[]> {
  const pending = await findPending(collections)
  const applied = await collections.migrations.find({}).toArray()
  return migrations.map((migration) => {
    const { number, name } = migration
    const appliedAt = pending.includes(migration)
      ? undefined
      : applied.find(({ _id }) => _id === number)?.appliedAt
    return { number, name, appliedAt }
  })
}

/** @throws StoreUnavailableError for a start that may not change the schema itself */
export async function refusePending(collections: Collections): Promise<void> {
  const pending = await findPending(collections)
  if (pending.length === 0) return
  const names = pending.map(({ number, name }) => `${number} (${name})`).join(', ')
  throw new StoreUnavailableError(
    'schema',
    `Schema steps are pending: ${names}. Run countersign migrate up, or set MIGRATE_ON_START=on.`,
  )
}

async function findPending({ migrations: notes }: Collections): Promise<readonly Migration[]> {
  const applied = await notes.find({}).toArray()
  const newest = Math.max(0, ...applied.map(({ _id }) => _id))
  if (newest > migrations.length) {
    throw new StoreUnavailableError(
      'schema',
      `The database has schema ${newest}, and this version knows ${migrations.length}: start a newer version of Countersign.`,
    )
  }
  const checksums = new Map(applied.map(({ _id, checksum }) => [_id, checksum]))
  return migrations.filter((migration) => {
    const known = checksums.get(migration.number)
    if (known !== undefined && known !== checksumOf(migration)) {
      throw new StoreUnavailableError(
        'schema',
        `Schema step ${migration.number} was applied in another form than this version knows: start the version that made the database, or restore a backup.`,
      )
    }
    return known === undefined
  })
}

async function apply(collections: Collections, migration: Migration): Promise<void> {
  for (const { collection, field, ...options } of migration.indexes) {
    await collections[collection].createIndex({ [field]: 1 }, options)
  }
}

async function note(
  { migrations: notes }: Collections,
  migration: Migration,
  appliedAt: number,
): Promise<void> {
  const { number, name } = migration
  try {
    await notes.insertOne({ _id: number, name, checksum: checksumOf(migration), appliedAt })
  } catch (error) {
    if (!isDuplicateKey(error)) throw error
  }
}

function checksumOf(migration: Migration): string {
  return createHash('sha256').update(JSON.stringify(migration.indexes)).digest('hex')
}
