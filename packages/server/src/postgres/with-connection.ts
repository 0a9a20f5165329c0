import type { Client } from 'pg'
import type { PostgresSettings } from '../config/settings.ts'
import { connectionOptionsOf } from './connection-options.ts'
import { explainPostgresFailure } from './explain-failure.ts'
import type { PostgresDriver } from './load-driver.ts'

/**
 * One connection for work that may take its time: schema steps, a look at the server. It lasts as long as the work.
 * @throws StoreUnavailableError with the mend when the server cannot be reached or refuses
 */
export async function withConnection<T>(
  driver: PostgresDriver,
  settings: PostgresSettings,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const options = connectionOptionsOf(settings)
  const client = new driver.Client({
    ...options,
    statement_timeout: false,
    query_timeout: 0,
    idle_in_transaction_session_timeout: 0,
  })
  // Its statement rejects, too.
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    throw explainPostgresFailure(error, 'connect', settings)
  }
  try {
    return await work(client)
  } catch (error) {
    throw explainPostgresFailure(error, 'read', settings)
  } finally {
    await client.end()
  }
}
