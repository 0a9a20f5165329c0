import { createHash } from 'node:crypto'
import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
import { type DialectWords, postgresWords, sqliteWords } from './dialect-words.ts'
import type { Schema } from './schema.ts'

/** A value that a column can hold. */
export type ColumnValue = string | number | null | Uint8Array

/** A query that is compiled once for each database; its arguments are given by name at each use. */
export interface Statement<Arguments, Row> {
  readonly sqlite: CompiledStatement<Arguments>
  readonly postgres: CompiledStatement<Arguments>
  /** Never set: carries the row's type to where the statement runs. */
  readonly row?: Row
}

export interface CompiledStatement<Arguments> {
  /** Derived from the text: whoever prepares under this name prepares the same statement. */
  readonly name: string
  readonly sql: string
  /** The arguments in the order of the placeholders. */
  bind(values: Arguments): ColumnValue[]
}

class Placeholder {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

type Slot = Placeholder | ColumnValue

/** Stands in a query for the argument of this name, whatever its type there. */
export type Argument = <T = string>(name: string) => T

/**
 * A number in the text of a statement. As a value it would be bound like an argument, and a statement with an argument for
 * its LIMIT is planned anew by SQLite at each use, which takes longer than to run it.
 */
export function literal(value: number): RawBuilder<number> {
  return sql.lit(value)
}

const argument = ((name: string) => new Placeholder(name)) as unknown as Argument

// These compile and never connect: running is the database's part.
const sqliteCompiler = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})
const postgresCompiler = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new PostgresIntrospector(database),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

/**
 * Compiles a query for every database. PostgreSQL infers an argument's type from where it stands, and cannot beside IS
 * NULL: `column = coalesce(argument, column)` says the same.
 */
export function compileStatement<Arguments extends object, Row = unknown>(
  build: (
    database: Kysely<Schema>,
    argument: Argument,
    words: DialectWords,
  ) => { compile(): CompiledQuery<Row> },
): Statement<Arguments, Row> {
  const sqlite = build(sqliteCompiler, argument, sqliteWords).compile()
  const postgres = build(postgresCompiler, argument, postgresWords).compile()
  return {
    sqlite: toCompiled(sqlite.sql, sqlite.parameters as readonly Slot[]),
    postgres: toCompiled(postgres.sql, postgres.parameters as readonly Slot[]),
  }
}

function toCompiled<Arguments>(sql: string, slots: readonly Slot[]): CompiledStatement<Arguments> {
  return {
    name: `countersign_${createHash('sha256').update(sql).digest('hex').slice(0, 16)}`,
    sql,
    bind: (values) => {
      const named = values as Readonly<Record<string, ColumnValue>>
      return slots.map((slot) => (slot instanceof Placeholder ? (named[slot.name] ?? null) : slot))
    },
  }
}
