import { StoreUnavailableError } from '../../../foundation/store-failure.ts'
import { refuseMarked } from '../../move-mark.ts'
import { checksumOf, type Dialect, type Migration, type MigrationKind } from './migration.ts'

/** A row of the table `migrations`. */
export interface AppliedMigration {
  readonly number: number
  readonly name: string
  readonly checksum: string
  readonly kind: MigrationKind
  readonly appliedAt: number
}

/** A step, known here or found in the database, and since when it is applied. */
export interface SchemaStep {
  readonly number: number
  readonly name: string
  readonly appliedAt: number | undefined
}

type NamedStep = Pick<SchemaStep, 'number' | 'name'>

/** Everything the two lists say: what this version knows, and what was applied. */
export function listSteps(
  known: readonly NamedStep[],
  applied: readonly AppliedMigration[],
): SchemaStep[] {
  const pending = known.filter((step) => applied.every(({ number }) => number !== step.number))
  return [
    ...applied.map(({ number, name, appliedAt }) => ({ number, name, appliedAt })),
    ...pending.map(({ number, name }) => ({ number, name, appliedAt: undefined })),
  ].toSorted((a, b) => a.number - b.number)
}

/** What has to be applied to this database; see planSteps. */
export function planMigrations(
  dialect: Dialect,
  known: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Migration[] {
  return planSteps(known, (migration) => checksumOf(dialect, migration), applied)
}

/**
 * What has to be applied. A newer version's additions are no obstacle: while a release rolls out, this version may
 * start again beside it.
 * @throws StoreUnavailableError when the database needs another version, or must not serve for a move
 */
export function planSteps<Step extends NamedStep>(
  known: readonly Step[],
  checksum: (step: Step) => string,
  applied: readonly AppliedMigration[],
): readonly Step[] {
  refuseMarked(applied)
  const unknown = applied.filter((row) => known.every(({ number }) => number !== row.number))
  const contract = unknown.find(({ kind }) => kind === 'contract')
  if (contract) {
    throw new StoreUnavailableError(
      'schema',
      `The database has schema step ${contract.number} (${contract.name}), which ends this version: start a newer version of Countersign.`,
    )
  }
  return known.filter((step) => {
    const row = applied.find(({ number }) => number === step.number)
    if (row && row.checksum !== checksum(step)) {
      throw new StoreUnavailableError(
        'schema',
        `Schema step ${step.number} was applied in another form than this version knows: start the version that made the database, or restore a backup.`,
      )
    }
    return row === undefined
  })
}

/** @throws StoreUnavailableError for a start that may not change the schema itself */
export function refusePending(pending: readonly NamedStep[]): void {
  if (pending.length === 0) return
  const names = pending.map(({ number, name }) => `${number} (${name})`).join(', ')
  throw new StoreUnavailableError(
    'steps_pending',
    `Schema steps are pending: ${names}. Run countersign migrate up, or set MIGRATE_ON_START=on.`,
  )
}
