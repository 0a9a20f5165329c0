import type { Client } from 'pg'
import type { PostgresSettings } from '../config/settings.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { explainPostgresFailure } from '../postgres/explain-failure.ts'
import { loadPostgresDriver } from '../postgres/load-driver.ts'
import { withConnection } from '../postgres/with-connection.ts'
import { findMark, markNumber, type MoveMark, toMarkRow } from '../stores/move-mark.ts'
import {
  migratePostgres,
  readAppliedInPostgres,
} from '../stores/sql/migrations/migrate-postgres.ts'
import { checksumOf, type Migration } from '../stores/sql/migrations/migration.ts'
import { migrations } from '../stores/sql/migrations/migrations.ts'
import { storable } from '../stores/sql/postgres-database.ts'
import { checkColumns, checkSteps } from './check-schema.ts'
import type { Row } from './content-digest.ts'
import { columnsOf, leftBehind, movedTables, type MovedTable } from './moved-tables.ts'
import { batchSize, type Side } from './side.ts'

/** Statements of instances are short; one that holds a table longer than this is no instance's. */
const lockPatience = '10s'

/** All that an instance reads or writes: without its tables it answers nothing. */
const tables = [...movedTables, ...Object.keys(leftBehind)]

export async function withPostgresSide<T>(
  settings: PostgresSettings,
  use: (side: Side) => Promise<T>,
): Promise<T> {
  const outcome = await withConnection(await loadPostgresDriver(), settings, async (client) => {
    const applied = await readAppliedInPostgres(client)
    const side = new PostgresSide(client, settings)
    const isNew = checkSteps(side.place, migrations, checksumHere, applied)
    if (isNew) await migratePostgres(client, settings.schema)
    return settle(use(side))
  })
  if ('error' in outcome) throw outcome.error
  return outcome.value
}

// What fails in the other database, or is refused, would look like a broken connection of this one.
function settle<T>(
  result: Promise<T>,
): Promise<{ readonly value: T } | { readonly error: unknown }> {
  return result.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
}

function checksumHere(step: Migration): string {
  return checksumOf('postgres', step)
}

class PostgresSide implements Side {
  readonly place: string
  readonly #client: Client
  readonly #settings: PostgresSettings

  constructor(client: Client, settings: PostgresSettings) {
    const { host, port, database, schema } = settings
    const address = host.includes(':') ? `[${host}]` : encodeURIComponent(host)
    this.place = `postgres://${address}:${port}/${database}?schema=${schema}`
    this.#client = client
    this.#settings = settings
  }

  async readTime(): Promise<number> {
    const text = 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now'
    return Number((await this.#query(text)).rows[0]?.['now'])
  }

  async readMark(): Promise<MoveMark | undefined> {
    return findMark(await readAppliedInPostgres(this.#client))
  }

  // One transaction, in which instances wait for these tables as long as their own time limits let them: a 503.
  async hold(): Promise<void> {
    await this.#query('BEGIN')
    await this.#query(`SET LOCAL lock_timeout = '${lockPatience}'`)
    await this.#query('SET LOCAL statement_timeout = 0')
    await this.#query('SET LOCAL idle_in_transaction_session_timeout = 0')
    const lock = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))'
    await this.#query(lock, [`countersign schema ${this.#settings.schema}`])
    if ((await this.readMark())?.state === 'moved') await this.#rename(putAway, (name) => name)
    await this.#query(`LOCK TABLE ${tables.join(', ')} IN ACCESS EXCLUSIVE MODE`)
    checkColumns(this.place, await this.#readColumns())
  }

  async release(): Promise<void> {
    await this.#query('ROLLBACK')
  }

  /**
   * What was moved is put away under other names in the same transaction as the mark: an instance that still runs there
   * finds no table from this moment on, and a mark alone would stop only its next start.
   */
  async commit(mark: MoveMark | undefined): Promise<void> {
    await this.#query('DELETE FROM migrations WHERE number = $1', [markNumber])
    if (mark) {
      const { number, name, checksum, kind, appliedAt } = toMarkRow(mark)
      const values = [number, name, checksum, kind, appliedAt]
      await this.#query('INSERT INTO migrations VALUES ($1, $2, $3, $4, $5)', values)
    }
    if (mark?.state === 'moved') await this.#rename((name) => name, putAway)
    await this.#query('COMMIT', [], 'write')
  }

  async *rows(table: MovedTable): AsyncGenerator<readonly Row[]> {
    const names = columnsOf(table).join(', ')
    await this.#query(`DECLARE move_rows NO SCROLL CURSOR FOR SELECT ${names} FROM ${table}`)
    for (;;) {
      const { rows } = await this.#query(`FETCH ${batchSize} FROM move_rows`)
      if (rows.length === 0) break
      yield rows as Row[]
    }
    await this.#query('CLOSE move_rows')
  }

  async hasRows(table: MovedTable): Promise<boolean> {
    return (await this.#query(`SELECT 1 FROM ${table} LIMIT 1`)).rows.length > 0
  }

  async clear(table: MovedTable): Promise<void> {
    await this.#query(`DELETE FROM ${table}`)
  }

  storable(_table: MovedTable, row: Row): Row {
    return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, storable(value)]))
  }

  async insert(table: MovedTable, rows: readonly Row[]): Promise<void> {
    const names = columnsOf(table)
    const slots = rows.map(
      (_, row) =>
        `(${names.map((_name, column) => `$${row * names.length + column + 1}`).join(',')})`,
    )
    const text = `INSERT INTO ${table} (${names.join(', ')}) VALUES ${slots.join(',')}`
    await this.#query(
      text,
      rows.flatMap((row) => names.map((name) => row[name] ?? null)),
    )
  }

  async #rename(from: (name: string) => string, to: (name: string) => string): Promise<void> {
    for (const table of tables) {
      await this.#query(`ALTER TABLE ${from(table)} RENAME TO ${to(table)}`)
    }
  }

  async #readColumns(): Promise<ReadonlyMap<string, readonly string[]>> {
    const { rows } = await this.#query(
      `SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position`,
    )
    const byTable = Map.groupBy(rows, (row) => String(row['table_name']))
    return new Map(
      [...byTable].map(([table, own]) => [table, own.map((row) => String(row['column_name']))]),
    )
  }

  async #query(text: string, values: readonly unknown[] = [], act: 'read' | 'write' = 'read') {
    try {
      return await this.#client.query<Record<string, unknown>>(text, [...values])
    } catch (error) {
      throw explain(explainPostgresFailure(error, act, this.#settings), this.place)
    }
  }
}

function putAway(table: string): string {
  return `moved_${table}`
}

function explain(error: unknown, place: string): unknown {
  if (!(error instanceof StoreUnavailableError) || error.reason !== 'locked') return error
  const message = `Something holds the tables of ${place} for long: stop every instance on it, and run this again.`
  return new StoreUnavailableError('locked', message, { cause: error })
}
