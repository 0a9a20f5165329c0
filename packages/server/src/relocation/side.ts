// Relocation: everything that a database holds, taken to another one, exactly or not at all. This folder owns the order
// of the acts, what goes along and what is compared; a database is opened by stores/, and what a mark in it means to a
// start is decided there (stores/move-mark.ts). Decision 048 has the reasons.

import type { MoveMark } from '../stores/move-mark.ts'
import type { Row } from './content-digest.ts'
import type { MovedTable } from './moved-tables.ts'

/** One of the two databases of a move. */
export interface Side {
  /** For people, and for the mark: a URL without user and password. */
  readonly place: string
  /** By the database's own clock. */
  readTime(): Promise<number>
  readMark(): Promise<MoveMark | undefined>
  /**
   * From here to the next `commit`, nobody else changes it.
   * @param leaving what a source is marked with where no lock does that
   * @throws StoreUnavailableError when somebody uses it
   */
  hold(leaving?: MoveMark): Promise<void>
  /** Gives back what `hold` took, as it was. */
  release(): Promise<void>
  /** Makes durable what was done since `hold`, with this mark, or with none. Nobody holds it any more. */
  commit(mark: MoveMark | undefined): Promise<void>
  /** In parts that fit into memory. */
  rows(table: MovedTable): AsyncIterable<readonly Row[]>
  hasRows(table: MovedTable): Promise<boolean>
  clear(table: MovedTable): Promise<void>
  /** As this database can hold it. */
  storable(table: MovedTable, row: Row): Row
  insert(table: MovedTable, rows: readonly Row[]): Promise<void>
}

/** So many rows are in memory at a time, and go in one statement. */
export const batchSize = 500
