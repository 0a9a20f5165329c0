import type { MigrationKind } from '../../sql/migrations/migration.ts'
import type { Collections } from '../documents.ts'

/** A numbered step from one schema to the next. Once released it never changes: its checksum is kept and compared. */
export interface Migration {
  readonly number: number
  readonly name: string
  readonly indexes: readonly IndexPlan[]
  /** Default: `expand`. */
  readonly kind?: MigrationKind
}

export interface IndexPlan {
  readonly collection: keyof Collections
  readonly name: string
  readonly field: string
  /** After it. Never the id: not every server of the protocol can index it together with another. */
  readonly more?: readonly string[]
  readonly unique?: true
  /** Documents without the field are not in it. */
  readonly sparse?: true
}
