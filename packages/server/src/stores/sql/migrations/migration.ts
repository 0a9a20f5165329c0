import { createHash } from 'node:crypto'

/** A numbered step from one schema to the next. Once released it never changes: its checksum is kept and compared. */
export interface Migration {
  readonly number: number
  readonly name: string
  /**
   * Written once, in the words of SQLite's strict tables: TEXT, INTEGER, BLOB; `STRICT` or `STRICT, WITHOUT ROWID` at
   * the end of a table. Text compares byte by byte in every database.
   */
  readonly statements: readonly string[]
  /** More, for PostgreSQL alone: how a table is stored. */
  readonly postgresStatements?: readonly string[]
  /**
   * `expand` (the default) adds, and the version before runs on; `contract` takes away what that version needs, and
   * comes a release later than what made it needless.
   */
  readonly kind?: MigrationKind
}

export type MigrationKind = 'expand' | 'contract'

export type Dialect = 'sqlite' | 'postgres'

/** The statements of the step as this database takes them. */
export function statementsFor(dialect: Dialect, migration: Migration): readonly string[] {
  if (dialect === 'sqlite') return migration.statements
  return [...migration.statements.map(toPostgres), ...(migration.postgresStatements ?? [])]
}

function toPostgres(statement: string): string {
  return statement
    .replace(/ STRICT(, WITHOUT ROWID)?$/, '')
    .replace(/\bTEXT\b/g, 'TEXT COLLATE "C"')
    .replace(/\bINTEGER\b/g, 'BIGINT')
    .replace(/\bBLOB\b/g, 'BYTEA')
}

/** Names what the step does to this database. */
export function checksumOf(dialect: Dialect, migration: Migration): string {
  const text = statementsFor(dialect, migration).join(';\n')
  return createHash('sha256').update(text).digest('hex')
}
