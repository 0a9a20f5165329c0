import type { Statement } from './statement.ts'

/**
 * Runs compiled statements, each as if in a transaction of its own. All that the stores of this folder know of the database
 * that they run on.
 *
 * Every method rejects with StoreUnavailableError when the database cannot serve, and a writing one with
 * UniqueViolationError when the row would break a unique index.
 */
export interface SqlDatabase {
  /** The first row. Reads see committed rows only. */
  get<A, R>(statement: Statement<A, R>, values: A): Promise<R | undefined>
  all<A, R>(statement: Statement<A, R>, values: A): Promise<R[]>
  /** One writing statement with RETURNING; its first row. */
  writeReturning<A, R>(
    statement: Statement<A, R>,
    values: A,
    outlives?: Outlives,
  ): Promise<R | undefined>
  /** One writing statement; how many rows it changed. */
  write<A>(statement: Statement<A, unknown>, values: A, outlives?: Outlives): Promise<number>
  /** The same for a statement that changes the row with this id at most, and is asked for by many at once. */
  writeRow<A extends { readonly id: string }>(
    statement: Statement<A, unknown>,
    values: A,
  ): Promise<number>
}

/**
 * What a write has to outlive once it is answered. Default: a power cut, which takes a sync of the disk. A database may
 * always do more.
 */
export type Outlives = 'power_cut' | 'crash'

/** Another row already has what must be unique. */
export class UniqueViolationError extends Error {
  override readonly name = 'UniqueViolationError'
}
