import type { Client } from 'pg'
import type { PostgresSettings } from '../config/settings.ts'
import { connectionOptionsOf } from './connection-options.ts'
import { explainPostgresFailure } from './explain-failure.ts'
import type { PostgresDriver } from './load-driver.ts'
import { refuseSharedConnections } from './refuse-shared-connections.ts'
import { patience, sessionSetUp } from './set-up-session.ts'

/**
 * One connection for work that may take its time: schema steps, a look at the server. It lasts as long as the work, and
 * every start and command begins with one: a server that would not keep its promises is refused here.
 * @throws StoreUnavailableError with the mend when the server cannot be reached or refuses
 */
export async function withConnection<T>(
  driver: PostgresDriver,
  settings: PostgresSettings,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new driver.Client({ ...connectionOptionsOf(settings), query_timeout: 0 })
  // Its statement rejects, too.
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    throw explainPostgresFailure(error, 'connect', settings)
  }
  try {
    await refuseSharedConnections(driver, settings, client)
    await client.query(sessionSetUp(settings, patience))
    return await work(client)
  } catch (error) {
    throw explainPostgresFailure(error, 'read', settings)
  } finally {
    await client.end()
  }
}
