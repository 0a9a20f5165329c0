import type { ConnectionPool } from '../../postgres/connection-pool.ts'
import type { PostgresQuery } from '../../postgres/gather-turn.ts'
import { isUniqueViolation } from '../../postgres/explain-failure.ts'
import { type SqlDatabase, UniqueViolationError } from './sql-database.ts'
import type { ColumnValue, CompiledStatement } from './statement.ts'

/** The statements on a pool of connections. Each is prepared once for each connection, under its name. */
export function createPostgresDatabase(pool: ConnectionPool): SqlDatabase {
  return {
    get: async ({ postgres }, values) =>
      (await pool.lookUp(toQuery(postgres, values))).rows[0] as never,
    all: async ({ postgres }, values) => (await pool.read(toQuery(postgres, values))).rows as never,
    writeReturning: async ({ postgres }, values) =>
      (await refusing(pool.write(toQuery(postgres, values)))).rows[0] as never,
    write: async ({ postgres }, values) =>
      (await refusing(pool.write(toQuery(postgres, values)))).rowCount ?? 0,
    writeRow: async ({ postgres }, values) =>
      (await refusing(pool.writeRow(toQuery(postgres, values), values.id))).rowCount ?? 0,
  }
}

async function refusing<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw new UniqueViolationError('Not unique', { cause: error })
  }
}

function toQuery<A>(statement: CompiledStatement<A>, values: A): PostgresQuery {
  return { name: statement.name, text: statement.sql, values: statement.bind(values).map(storable) }
}

/** PostgreSQL's text holds every character but NUL; the replacement character says that one was there. */
export function storable(value: ColumnValue): ColumnValue {
  if (typeof value !== 'string' || !value.includes('\0')) return value
  return value.replaceAll('\0', '\u{fffd}')
}
