import { type Expression, type RawBuilder, sql } from 'kysely'

/** What the databases do alike and call differently. */
export interface DialectWords {
  /** Whether the column's text has the part in it; every character of the part is literal. */
  contains(column: string, part: Expression<string> | string): RawBuilder<boolean>
}

export const sqliteWords: DialectWords = {
  contains: (column, part) => sql`instr(${sql.ref(column)}, ${part}) > 0`,
}

export const postgresWords: DialectWords = {
  contains: (column, part) => sql`strpos(${sql.ref(column)}, ${part}) > 0`,
}
