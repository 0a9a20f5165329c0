import assert from 'node:assert/strict'
import type { Client } from 'pg'
import { postgresTest } from '../../../../../tools/postgres.fixture.ts'
import {
  countOtherActiveAccounts,
  findAccount,
  findAccountByUsername,
  listAccounts,
} from './account-store.ts'
import { reserveAttempt } from './attempt-store.ts'
import { loadPostgresDriver } from '../../postgres/load-driver.ts'
import { withConnection } from '../../postgres/with-connection.ts'
import { openPostgresStore } from './open-postgres-store.ts'
import { settingsOf } from './postgres.fixture.ts'
import { endedSessions, raisedEpochs } from './revocation-store.ts'
import {
  findSessionWithAccount,
  countLiveSessions,
  listLiveSessions,
  rotateSession,
} from './session-store.ts'
import type { Statement } from './statement.ts'

const statements = {
  findAccount,
  findAccountByUsername,
  countOtherActiveAccounts,
  findSessionWithAccount,
  rotateSession,
  listLiveSessions,
  countLiveSessions,
  listAccounts,
  reserveAttempt,
  endedSessions,
  raisedEpochs,
} as const satisfies Readonly<Record<string, Statement<never, unknown>>>

postgresTest(
  'no query that runs often reads a whole table, whether it is new or large',
  async (t, server) => {
    const schema = server.newSchema()
    t.after(() => schema.drop())
    const settings = settingsOf(schema.url)
    await (await openPostgresStore(settings)).close()
    await withConnection(await loadPostgresDriver(), settings, provePlans)
  },
)

async function provePlans(client: Client): Promise<void> {
  await prepareAll(client)
  // Prepared before there was a row: the server keeps such plans.
  assert.deepEqual(await wholeTablesRead(client), {})
  await fill(client)
  assert.deepEqual(await wholeTablesRead(client), {})
  await client.query('ANALYZE users, sessions, attempts')
  assert.deepEqual(await wholeTablesRead(client), {})
}

async function prepareAll(client: Client): Promise<void> {
  await client.query('SET plan_cache_mode = force_generic_plan')
  for (const { postgres } of Object.values(statements)) {
    await client.query(`PREPARE ${postgres.name} AS ${postgres.sql}`)
  }
}

/** The statements whose plan scans a table from end to end, and their plans. */
async function wholeTablesRead(client: Client): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [name, { postgres }] of Object.entries(statements)) {
    const count = new Set(postgres.sql.match(/\$\d+/g)).size
    const values = Array.from({ length: count }, () => "'1'").join(', ')
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (COSTS OFF) EXECUTE ${postgres.name} (${values})`,
    )
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    if (plan.includes('Seq Scan')) found[name] = plan
  }
  return found
}

async function fill(client: Client): Promise<void> {
  await client.query(`INSERT INTO users
    SELECT lpad(i::text, 26, '0'), 'user ' || i, 'user ' || i, NULL, repeat('x', 97),
      CASE WHEN i % 1000 = 0 THEN 'admin' ELSE 'user' END, 0, 0, 0,
      CASE WHEN i % 5000 = 0 THEN i ELSE NULL END, i, i, NULL
    FROM generate_series(1, 20000) AS i`)
  await client.query(`INSERT INTO sessions
    SELECT lpad(i::text, 26, '0'), lpad((i / 2)::text, 26, '0'), '\\x00', 1, NULL, i, i, i,
      CASE WHEN i % 500 = 0 THEN i ELSE NULL END, NULL, 0, repeat('a', 80), '::1'
    FROM generate_series(1, 40000) AS i`)
  await client.query(
    `INSERT INTO attempts SELECT 'login ' || i, 1, i FROM generate_series(1, 20000) AS i`,
  )
}
