import type { Client } from 'pg'
import type { PostgresSettings } from '../../config/settings.ts'
import type { Clock } from '../../foundation/clock.ts'
import { describePlace } from '../../postgres/explain-failure.ts'
import { loadPostgresDriver } from '../../postgres/load-driver.ts'
import { withConnection } from '../../postgres/with-connection.ts'
import { type DatabaseFinding, examineClock } from '../database-finding.ts'

/**
 * Looks and changes nothing.
 * @throws ConfigurationError or StoreUnavailableError with the mend
 */
export async function examinePostgres(
  settings: PostgresSettings,
  localClock: Clock,
): Promise<readonly DatabaseFinding[]> {
  const driver = await loadPostgresDriver()
  return withConnection(driver, settings, async (client) => [
    await examineServer(client, settings),
    ...(await examineDurability(client)),
    ...(await examineRole(client)),
    await examineClock(localClock, () => readTime(client)),
  ])
}

async function examineServer(client: Client, settings: PostgresSettings): Promise<DatabaseFinding> {
  const version = await ask(client, "current_setting('server_version')")
  const tls = await ask(
    client,
    'coalesce((SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()), $$none$$)',
  )
  const text = `${describePlace(settings)} answers: version ${version}, schema ${settings.schema}, TLS ${tls}.`
  return { isWrong: false, text }
}

async function examineDurability(client: Client): Promise<DatabaseFinding[]> {
  const unsafe = []
  for (const setting of ['fsync', 'full_page_writes']) {
    if ((await ask(client, `current_setting('${setting}')`)) === 'off') unsafe.push(setting)
  }
  const text = `${unsafe.join(' and ')} off: a power cut there may lose or damage what was acknowledged. Turn it on.`
  return unsafe.length > 0 ? [{ isWrong: false, text }] : []
}

async function examineRole(client: Client): Promise<DatabaseFinding[]> {
  if ((await ask(client, "current_setting('transaction_read_only')")) === 'off') return []
  return [{ isWrong: true, text: 'It is a standby or read-only: name the primary.' }]
}

async function readTime(client: Client): Promise<number> {
  return Number(await ask(client, 'floor(extract(epoch FROM clock_timestamp()) * 1000)'))
}

async function ask(client: Client, expression: string): Promise<string> {
  const { rows } = await client.query<{ answer: string }>(`SELECT (${expression})::text AS answer`)
  return rows[0]?.answer ?? ''
}
