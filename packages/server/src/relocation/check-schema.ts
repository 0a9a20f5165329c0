import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { withoutMark } from '../stores/move-mark.ts'
import {
  type AppliedMigration,
  planSteps,
  refusePending,
} from '../stores/sql/migrations/plan-migrations.ts'
import { columnsOf, movedTables } from './moved-tables.ts'

interface Step {
  readonly number: number
  readonly name: string
}

/**
 * A database that has a schema must have this version's: nothing of a newer one is left behind, and none that somebody
 * uses is changed on the way to a refusal.
 *
 * @returns whether it is new, and its schema is yet to be made
 * @throws StoreUnavailableError
 */
export function checkSteps<S extends Step>(
  place: string,
  known: readonly S[],
  checksum: (step: S) => string,
  found: readonly AppliedMigration[],
): boolean {
  const applied = withoutMark(found)
  if (applied.length === 0) return true
  refusePending(planSteps(known, checksum, applied))
  const newer = applied.find(({ number }) => known.every((step) => step.number !== number))
  if (newer === undefined) return false
  throw fromNewer(place, `schema step ${newer.number} (${newer.name})`)
}

/** @throws StoreUnavailableError when a table has other columns than this version knows */
export function checkColumns(place: string, found: ReadonlyMap<string, readonly string[]>): void {
  for (const table of movedTables) {
    const unknown = new Set(found.get(table)).symmetricDifference(new Set(columnsOf(table)))
    const [one] = unknown
    if (one !== undefined) throw fromNewer(place, `${table}.${one}`)
  }
}

export function fromNewer(place: string, what: string): StoreUnavailableError {
  return new StoreUnavailableError(
    'schema',
    `${place}: this version does not know ${what}. Move it with the version that runs on it.`,
  )
}
