import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { StoreUnavailableError } from '../../foundation/store-failure.ts'
import { createGroupCommit } from './group-commit.ts'
import { createGroupRead } from './group-read.ts'
import { type LogFile, openLogFile } from './log-file.ts'
import type { Outlives, SqlDatabase } from './sql-database.ts'
import { explainSqliteFailure } from './sqlite-failure.ts'

/** The statements on one connection. Reads see committed rows only: batches run without a pause. */
export interface SqliteDatabase extends SqlDatabase {
  /** @throws StoreUnavailableError */
  checkOpen(): void
  checkReady(): Promise<void>
  close(): Promise<void>
}

/**
 * With `synchronous = NORMAL` SQLite syncs the log before it copies it into the database, so that neither ever breaks;
 * what makes each commit durable before its answer is our own sync (group-commit.ts).
 */
const pragmas = [
  'PRAGMA journal_mode = WAL',
  'PRAGMA synchronous = NORMAL',
  'PRAGMA foreign_keys = ON',
  'PRAGMA cache_size = -16384',
  // A row that changes again before its page is copied into the database costs no copy of its own, and every copying
  // ends with a sync: four times SQLite's default, which is 16 MiB of log (decision 047).
  'PRAGMA wal_autocheckpoint = 4000',
  'PRAGMA journal_size_limit = 33554432',
  'PRAGMA temp_store = MEMORY',
  // Pages beyond the cache are read where the system holds them, without a call for each (decision 047).
  'PRAGMA mmap_size = 1073741824',
]

/**
 * Opens the file, which only this user may read, creates it and its directory where they are missing, and lets `prepare`
 * bring its tables up to date. Whatever fails leaves the connection closed.
 *
 * @param patienceMs how long to wait for another process that has locked the database
 * @param more pragmas that come before ours
 * @throws StoreUnavailableError with the mend when it cannot
 */
export function openConnection(
  file: string,
  patienceMs: number,
  prepare: (connection: DatabaseSync) => void,
  more: readonly string[] = [],
): DatabaseSync {
  let connection: DatabaseSync | undefined
  try {
    if (file !== ':memory:') prepareFile(file)
    connection = new DatabaseSync(file, { timeout: patienceMs })
    for (const pragma of [...more, ...pragmas]) connection.exec(pragma)
    prepare(connection)
    return connection
  } catch (error) {
    connection?.close()
    throw explainOpening(file, error)
  }
}

// Anything else than a fault of the database is a defect, and keeps its stack.
function explainOpening(file: string, error: unknown): unknown {
  const explained = explainSqliteFailure(error)
  if (!(explained instanceof StoreUnavailableError)) return error
  const message = `Cannot open the database ${file}. ${explained.message}`
  return new StoreUnavailableError(explained.reason, message, { cause: error })
}

function prepareFile(file: string): void {
  const directory = dirname(file)
  try {
    if (!existsSync(directory)) mkdirSync(directory, { recursive: true, mode: 0o700 })
    // SQLite would make it readable for others, who could open it before that is changed; to SQLite an empty file is an
    // empty database. It gives its -wal and -shm files the mode of the database file.
    if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
  } catch (error) {
    throw new StoreUnavailableError(
      'unreachable',
      `Give this user write access to ${directory}, or set DATABASE_URL to another place.`,
      { cause: error },
    )
  }
}

function openLog(connection: DatabaseSync, file: string): LogFile {
  try {
    return openLogFile(file)
  } catch (cause) {
    connection.close()
    const mend = 'Its log cannot be written: give this user write access to its file and directory.'
    const message = `Cannot open the database ${file}. ${mend}`
    throw new StoreUnavailableError('read_only', message, { cause })
  }
}

/** Every write that was acknowledged survives a power cut. */
export function createSqliteDatabase(
  connection: DatabaseSync,
  file: string,
  patienceMs: number,
): SqliteDatabase {
  // From here on the event loop waits for nobody: group commit retries a locked database by itself.
  connection.exec('PRAGMA busy_timeout = 0')
  const log = file === ':memory:' ? undefined : openLog(connection, file)
  const group = createGroupCommit(connection, patienceMs, async () => log?.sync())
  const reads = createGroupRead(connection)
  const prepared = new Map<string, PreparedStatement>()
  let isClosed = false

  const prepare = (sql: string): PreparedStatement => {
    let statement = prepared.get(sql)
    if (statement === undefined) {
      statement = new PreparedStatement(connection.prepare(sql))
      prepared.set(sql, statement)
    }
    return statement
  }
  const checkOpen = (): void => {
    if (isClosed) throw new StoreUnavailableError('closed', 'The database is closed.')
  }
  const read = async <T>(run: () => T): Promise<T> => {
    checkOpen()
    return reads.read(run)
  }
  const write = async <T>(run: () => T, outlives?: Outlives): Promise<T> => {
    checkOpen()
    return group.write(run, outlives)
  }
  const writeOne: SqlDatabase['write'] = ({ sqlite }, values, outlives) =>
    write(() => prepare(sqlite.sql).run(sqlite.bind(values)), outlives)
  return {
    checkOpen,
    get: ({ sqlite }, values) => read(() => prepare(sqlite.sql).get(sqlite.bind(values)) as never),
    all: ({ sqlite }, values) => read(() => prepare(sqlite.sql).all(sqlite.bind(values)) as never),
    writeReturning: ({ sqlite }, values, outlives) =>
      write(() => prepare(sqlite.sql).get(sqlite.bind(values)) as never, outlives),
    write: writeOne,
    writeRow: writeOne,
    // An empty transaction still takes the write lock, and finds a database that may only be read.
    checkReady: () => write(() => connection.exec('PRAGMA user_version = 0')),
    close: async () => {
      if (isClosed) return
      isClosed = true
      reads.flush()
      await group.drain()
      prepared.clear()
      log?.close()
      connection.close()
    },
  }
}

type Row = Record<string, unknown>

/**
 * Rows come as arrays and are made objects here: those that node:sqlite makes are in V8's slow form, and to make one and
 * read all of its columns took a quarter longer.
 */
class PreparedStatement {
  readonly #statement: StatementSync
  readonly #columns: readonly string[]
  readonly #blank: Row

  constructor(statement: StatementSync) {
    statement.setReturnArrays(true)
    this.#statement = statement
    this.#columns = statement.columns().map(({ name }) => name)
    this.#blank = blankRow(this.#columns)
  }

  get(values: readonly SQLInputValue[]): Row | undefined {
    const row = this.#statement.get(...values) as unknown as readonly unknown[] | undefined
    return row && this.#toRow(row)
  }

  all(values: readonly SQLInputValue[]): Row[] {
    const rows = this.#statement.all(...values) as unknown as (readonly unknown[])[]
    return rows.map((row) => this.#toRow(row))
  }

  /** How many rows it changed. */
  run(values: readonly SQLInputValue[]): number {
    return Number(this.#statement.run(...values).changes)
  }

  #toRow(values: readonly unknown[]): Row {
    const columns = this.#columns
    const row = { ...this.#blank }
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index]
      if (column !== undefined) row[column] = values[index]
    }
    return row
  }
}

/**
 * What every row is a copy of. An object that gets more than a dozen members one by one turns slow, too; one that was
 * parsed has a place for each, and is given a value of every kind here so that no place is made for one kind only.
 */
function blankRow(columns: readonly string[]): Row {
  const blank = JSON.parse(JSON.stringify(Object.fromEntries(columns.map((name) => [name, null]))))
  for (const value of [1, 1.5, '', null]) {
    for (const column of columns) blank[column] = value
  }
  return blank
}
