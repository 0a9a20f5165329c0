// The way to a PostgreSQL server: its driver, the options of a connection, and what its failures mean. This folder owns
// no statement and no table: stores/sql and bus/ have those.

import type * as driver from 'pg'
import { ConfigurationError } from '../config/configuration-error.ts'

export type PostgresDriver = Pick<typeof driver, 'Client' | 'Pool'>

/**
 * Loads `pg`, an optional peer: who stores elsewhere need not install it.
 * @throws ConfigurationError with the mend when it is not installed
 */
export async function loadPostgresDriver(): Promise<PostgresDriver> {
  try {
    const loaded = await import('pg')
    return loaded.default
  } catch (error) {
    if (!isMissing(error)) throw error
    const message = 'It names PostgreSQL, and the package pg is not installed: npm install pg'
    throw new ConfigurationError([{ option: 'databaseUrl', message }])
  }
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'ERR_MODULE_NOT_FOUND' &&
    error.message.includes("'pg'")
  )
}
