import { createHash } from 'node:crypto'
import type { ColumnValue } from '../stores/sql/statement.ts'
import { columnsOf, type MovedTable } from './moved-tables.ts'

/** A row by the names of its columns. */
export type Row = Readonly<Record<string, ColumnValue>>

/** What a table holds, whatever the order in which its rows are read. */
export interface Content {
  readonly rows: number
  /** The sum of the rows' SHA-256, modulo 2^256: no row is there twice, for each has a key. */
  readonly digest: string
}

const modulus = 2n ** 256n

/** Collects the content of one table, row by row. */
export class ContentDigest {
  readonly #columns: readonly string[]
  #sum = 0n
  #rows = 0

  constructor(table: MovedTable) {
    this.#columns = columnsOf(table)
  }

  add(row: Row): void {
    const values = this.#columns.map((column) => plain(row[column]))
    const hash = createHash('sha256').update(JSON.stringify(values)).digest('hex')
    this.#sum = (this.#sum + BigInt(`0x${hash}`)) % modulus
    this.#rows++
  }

  get content(): Content {
    return { rows: this.#rows, digest: this.#sum.toString(16) }
  }
}

function plain(value: ColumnValue | undefined): unknown {
  return value instanceof Uint8Array ? [Buffer.from(value).toString('base64url')] : (value ?? null)
}
