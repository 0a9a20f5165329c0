// A SQLite database that has every column of every table filled, in odd ways, and what it holds.

import { DatabaseSync } from 'node:sqlite'
import { migrateSqlite } from '../stores/sql/migrations/migrate-sqlite.ts'
import { oddTexts } from '../stores/contract/subject.ts'
import { columnsOf, movedTables } from './moved-tables.ts'

/** More than fit into one batch. */
const rowsOfEach = 1_203

const numbers = [0, 1, 7, 1_790_000_000_123, Number.MAX_SAFE_INTEGER]

/** @param users how many there are, when not as many as of everything else */
export function fillDatabase(file: string, rows: number = rowsOfEach, users: number = rows): void {
  const database = new DatabaseSync(file)
  database.exec('PRAGMA journal_mode = WAL')
  migrateSqlite(database, 1)
  database.exec('BEGIN')
  for (const table of movedTables) {
    const columns = database.prepare('SELECT * FROM pragma_table_info(?)').all(table)
    const insert = database.prepare(
      `INSERT INTO ${table} (${columns.map(({ name }) => String(name)).join(', ')})
        VALUES (${columns.map(() => '?').join(', ')})`,
    )
    for (let index = 0; index < (table === 'users' ? users : rows); index++) {
      const row = Object.fromEntries(
        columns.map((column, position) => [
          String(column['name']),
          valueOf(column, index, position),
        ]),
      )
      // As a deletion leaves it.
      if (table === 'users' && row['deleted_at'] !== null) {
        row['deleted_at'] = row['updated_at'] ?? null
        row['verified_email_key'] = null
      }
      insert.run(...Object.values(row))
    }
  }
  database.exec("INSERT INTO leases VALUES ('administrators', 'a process', 1)")
  database.exec('COMMIT')
  database.close()
}

function valueOf(column: Readonly<Record<string, unknown>>, index: number, position: number) {
  const turn = index + position
  const isNullable = column['notnull'] === 0 && column['pk'] === 0
  if (isNullable && turn % 3 === 0) return null
  switch (column['type']) {
    case 'INTEGER':
      return numbers[turn % numbers.length] ?? 0
    case 'BLOB':
      return new Uint8Array(Array.from({ length: 16 }, (_, byte) => (byte * turn) % 256))
    default:
      return `${oddTexts[turn % oddTexts.length] ?? ''} ${index}`
  }
}

/** Read by nothing of what moves it. */
export function contentOf(file: string): Readonly<Record<string, readonly object[]>> {
  const database = new DatabaseSync(file, { readOnly: true })
  const content = Object.fromEntries(
    movedTables.map((table) => {
      const names = columnsOf(table).join(', ')
      const rows = database.prepare(`SELECT ${names} FROM ${table} ORDER BY 1, 2`).all()
      return [table, rows]
    }),
  )
  database.close()
  return content
}
