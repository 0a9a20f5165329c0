import type { Clock } from '../../foundation/clock.ts'
import { listSteps, planSteps, type SchemaStep } from '../sql/migrations/plan-migrations.ts'
import {
  checksumOf,
  migrateMongodb,
  migrations,
  readAppliedInMongodb,
} from './migrations/migrate.ts'
import { withMongodbDatabase } from './mongodb-database.ts'

/** Making an index of a large collection takes its time. */
const patience = { socketTimeoutMS: 3_600_000 }

/** @throws StoreUnavailableError when the database cannot be reached, or needs another version */
export function listMongodbSteps(url: string): Promise<readonly SchemaStep[]> {
  return withMongodbDatabase(url, {}, async ({ collections }) => {
    const applied = await readAppliedInMongodb(collections)
    planSteps(migrations, checksumOf, applied)
    return listSteps(migrations, applied)
  })
}

/** @returns the numbers of the steps that were applied now */
export function applyMongodbSteps(url: string, clock: Clock): Promise<readonly number[]> {
  return withMongodbDatabase(url, patience, async ({ collections }) => {
    const applied = await migrateMongodb(collections, clock)
    return applied.map(({ number }) => number)
  })
}
