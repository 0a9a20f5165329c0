import type { Client, ClientConfig, QueryConfig } from 'pg'
import type { PostgresSettings } from '../config/settings.ts'
import { connectionOptionsOf } from './connection-options.ts'
import type { PostgresDriver } from './load-driver.ts'

/**
 * The tables of our schema alone; one statement sees one state of them; and an answer waits until its change is on the
 * disk, whatever the role's or the database's defaults are.
 *
 * Plans are kept with prepared statements: one made while a table was empty would go on reading it from end to end when
 * it has a million rows, or all that an index of it holds, to sort that. Every query has an index, and every order that
 * is asked for is an index's, so that neither is ever planned.
 *
 * A packet of many changes is more than one of the network's. When a host is gone that sent half of it, the server keeps the
 * rows locked that it has changed, and no time limit counts while it waits for the rest of a transaction that no BEGIN
 * began: it has to notice, which by itself takes Linux more than two hours.
 */
function sessionSettingsOf(settings: PostgresSettings): Readonly<Record<string, string>> {
  return {
    search_path: settings.schema,
    default_transaction_isolation: 'read committed',
    synchronous_commit: 'on',
    enable_seqscan: 'off',
    enable_sort: 'off',
    jit: 'off',
    statement_timeout: `${settings.statementTimeoutMs}`,
    lock_timeout: `${settings.lockTimeoutMs}`,
    idle_in_transaction_session_timeout: `${settings.statementTimeoutMs}`,
    tcp_keepalives_idle: '10',
    tcp_keepalives_interval: '5',
    tcp_keepalives_count: '3',
  }
}

/** Work that may take its time: its own patience is what it sets. */
export const patience: Readonly<Record<string, string>> = {
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
}

/**
 * Sets them by a statement. In the first packet of a connection, where they would cost nothing, PgBouncer refuses them, or
 * drops them where its `ignore_startup_parameters` says so.
 */
export function sessionSetUp(
  settings: PostgresSettings,
  instead: Readonly<Record<string, string>> = {},
): QueryConfig & { readonly query_timeout: number } {
  const wanted = Object.entries({ ...sessionSettingsOf(settings), ...instead })
  const calls = wanted.map((_, i) => `set_config($${2 * i + 1}, $${2 * i + 2}, false)`)
  return {
    text: `SELECT ${calls.join(', ')}`,
    values: wanted.flat(),
    query_timeout: settings.connectTimeoutMs,
  }
}

/** The driver's client, whose connections are there when their settings are. */
export function sessionClient(
  driver: PostgresDriver,
  settings: PostgresSettings,
): new (
  config?: ClientConfig,
) => Client {
  const setUp = sessionSetUp(settings)
  type Connected = ((error: Error) => void) | ((error: null, client: Client) => void)
  return class SessionClient extends driver.Client {
    constructor(config: ClientConfig = connectionOptionsOf(settings)) {
      super(config)
      // Whoever waits for the connection hears of it, too; unheard it would end the process.
      this.on('error', () => undefined)
    }

    override connect(): Promise<Client>
    override connect(done: Connected): void
    override connect(done?: Connected): Promise<Client> | void {
      const ready = this.#connect()
      if (done === undefined) return ready
      const tell = done as (error: Error | null, client?: Client) => void
      ready.then(
        () => tell(null, this),
        (error: Error) => tell(error),
      )
    }

    async #connect(): Promise<Client> {
      await super.connect()
      try {
        await this.query(setUp)
      } catch (error) {
        this.connection.stream.destroy()
        throw error
      }
      return this
    }
  }
}
