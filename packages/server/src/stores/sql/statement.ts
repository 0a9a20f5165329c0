import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { Schema } from './schema.ts'

/** A value that a column can hold. */
export type ColumnValue = string | number | null | Uint8Array

/** A query that is compiled once; its arguments are given by name at each use. */
export interface Statement<Arguments, Row> {
  readonly sql: string
  /** The arguments in the order of the placeholders. */
  bind(values: Arguments): ColumnValue[]
  /** Never set: carries the row's type to where the statement runs. */
  readonly row?: Row
}

class Placeholder {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** Stands in a query for the argument of this name, whatever its type there. */
export type Argument = <T = string>(name: string) => T

const argument = ((name: string) => new Placeholder(name)) as unknown as Argument

// Compiles and never connects: running is the database's part.
const compiler = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})

/** Compiles a query for SQLite. */
export function compileStatement<Arguments extends object, Row = unknown>(
  build: (database: Kysely<Schema>, argument: Argument) => { compile(): CompiledQuery<Row> },
): Statement<Arguments, Row> {
  const { sql, parameters } = build(compiler, argument).compile()
  return {
    sql,
    bind: (values) => {
      const named = values as Readonly<Record<string, ColumnValue>>
      return parameters.map((parameter) =>
        parameter instanceof Placeholder
          ? (named[parameter.name] ?? null)
          : (parameter as ColumnValue),
      )
    },
  }
}
