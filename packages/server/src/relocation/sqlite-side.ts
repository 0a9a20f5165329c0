import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { SqliteSettings } from '../config/settings.ts'
import type { Clock } from '../foundation/clock.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { findMark, markNumber, type MoveMark, toMarkRow } from '../stores/move-mark.ts'
import { migrateSqlite, readAppliedInSqlite } from '../stores/sql/migrations/migrate-sqlite.ts'
import { checksumOf } from '../stores/sql/migrations/migration.ts'
import { migrations } from '../stores/sql/migrations/migrations.ts'
import { openConnection } from '../stores/sql/sqlite-database.ts'
import { explainSqliteFailure } from '../stores/sql/sqlite-failure.ts'
import { checkColumns, checkSteps } from './check-schema.ts'
import type { Row } from './content-digest.ts'
import { columnsOf, type MovedTable } from './moved-tables.ts'
import { batchSize, type Side } from './side.ts'

/** An instance that is being stopped closes its file in this time. */
const patienceMs = 2_000

// With it SQLite holds the file's lock until it closes it, and gets it only when no other connection is open, were it
// idle (sqlite.org/wal.html#use_of_wal_without_shared_memory). Every commit here waits for the disk by itself.
const alone = ['PRAGMA locking_mode = EXCLUSIVE']
const durable = 'PRAGMA synchronous = FULL'

/** Opens the file, and lets no other process in until it is closed. */
export async function withSqliteSide<T>(
  { file }: SqliteSettings,
  clock: Clock,
  use: (side: Side) => Promise<T>,
): Promise<T> {
  const connection = open(file, clock)
  try {
    return await use(new SqliteSide(connection, file, clock))
  } catch (error) {
    throw explainSqliteFailure(error)
  } finally {
    connection.close()
  }
}

function open(file: string, clock: Clock): DatabaseSync {
  const prepare = (connection: DatabaseSync): void => {
    connection.exec(durable)
    const applied = readAppliedInSqlite(connection)
    const isNew = checkSteps(file, migrations, (step) => checksumOf('sqlite', step), applied)
    if (isNew) migrateSqlite(connection, clock())
    checkColumns(file, readColumns(connection))
  }
  try {
    return openConnection(file, patienceMs, prepare, alone)
  } catch (error) {
    if (!(error instanceof StoreUnavailableError) || error.reason !== 'locked') throw error
    const message = `A process has ${file} open: stop every instance on it, and run this again.`
    throw new StoreUnavailableError('locked', message, { cause: error })
  }
}

function readColumns(connection: DatabaseSync): ReadonlyMap<string, readonly string[]> {
  const tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  return new Map(
    tables.map(({ name }) => {
      const columns = connection.prepare('SELECT name FROM pragma_table_info(?)').all(String(name))
      return [String(name), columns.map((column) => String(column['name']))]
    }),
  )
}

class SqliteSide implements Side {
  readonly place: string
  readonly readTime: () => Promise<number>
  readonly #connection: DatabaseSync

  constructor(connection: DatabaseSync, file: string, clock: Clock) {
    this.#connection = connection
    this.place = `sqlite:${file}`
    this.readTime = async () => clock()
  }

  async readMark(): Promise<MoveMark | undefined> {
    return findMark(readAppliedInSqlite(this.#connection))
  }

  async hold(): Promise<void> {
    this.#connection.exec('BEGIN IMMEDIATE')
  }

  async release(): Promise<void> {
    if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK')
  }

  async commit(mark: MoveMark | undefined): Promise<void> {
    const connection = this.#connection
    connection.prepare('DELETE FROM migrations WHERE number = ?').run(markNumber)
    if (mark) {
      const { number, name, checksum, kind, appliedAt } = toMarkRow(mark)
      const insert = connection.prepare('INSERT INTO migrations VALUES (?, ?, ?, ?, ?)')
      insert.run(number, name, checksum, kind, appliedAt)
    }
    connection.exec('COMMIT')
  }

  async *rows(table: MovedTable): AsyncGenerator<readonly Row[]> {
    const names = columnsOf(table).join(', ')
    let batch: Row[] = []
    for (const row of this.#connection.prepare(`SELECT ${names} FROM ${table}`).iterate()) {
      batch.push(row as Row)
      if (batch.length < batchSize) continue
      yield batch
      batch = []
    }
    if (batch.length > 0) yield batch
  }

  async hasRows(table: MovedTable): Promise<boolean> {
    return this.#connection.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() !== undefined
  }

  async clear(table: MovedTable): Promise<void> {
    this.#connection.exec(`DELETE FROM ${table}`)
  }

  storable(_table: MovedTable, row: Row): Row {
    return row
  }

  async insert(table: MovedTable, rows: readonly Row[]): Promise<void> {
    const names = columnsOf(table)
    const slots = names.map(() => '?').join(', ')
    const insert = this.#connection.prepare(
      `INSERT INTO ${table} (${names.join(', ')}) VALUES (${slots})`,
    )
    for (const row of rows) insert.run(...names.map((name): SQLInputValue => row[name] ?? null))
  }
}
