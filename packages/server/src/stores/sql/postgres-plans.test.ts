import assert from 'node:assert/strict'
import type { Client } from 'pg'
import { postgresTest } from '../../../../../tools/postgres.fixture.ts'
import { type AnyStatement, everyStatement } from './every-statement.fixture.ts'
import { loadPostgresDriver } from '../../postgres/load-driver.ts'
import { withConnection } from '../../postgres/with-connection.ts'
import { crowd, crowdColumns, crowdValues } from './crowded-account.fixture.ts'
import { openPostgresStore } from './open-postgres-store.ts'
import { settingsOf } from './postgres.fixture.ts'
import { countLiveSessions, listLiveSessions } from './session-store.ts'

/** Methods that may read a whole table: why. */
const readers: Readonly<Record<string, string>> = {
  listServices: 'a few rows, which an administrator looks at',
}

postgresTest(
  'no statement reads a whole table or sorts, whether it is new or large',
  async (t, server) => {
    const schema = server.newSchema()
    t.after(() => schema.drop())
    const settings = settingsOf(schema.url)
    await (await openPostgresStore(settings)).close()
    await withConnection(await loadPostgresDriver(), settings, provePlans)
  },
)

postgresTest(
  'a log-in of an account with 50,000 dead sessions reads those that live',
  async (t, server) => {
    const schema = server.newSchema()
    t.after(() => schema.drop())
    const settings = settingsOf(schema.url)
    await (await openPostgresStore(settings)).close()
    await withConnection(await loadPostgresDriver(), settings, async (client) => {
      await client.query('SET plan_cache_mode = force_generic_plan')
      for (const { postgres } of [listLiveSessions, countLiveSessions]) {
        await client.query(`PREPARE ${postgres.name} AS ${postgres.sql}`)
      }
      await fill(client)
      await client.query(`INSERT INTO sessions (${crowdColumns})
        SELECT ${crowdValues("'crowd' || lpad(i::text, 21, '0')", "'\\x00'")}
        FROM generate_series(1, ${crowd.rows}) AS i`)
      await proveLiveRead(client)
      await client.query('ANALYZE')
      await proveLiveRead(client)
    })
  },
)

async function proveLiveRead(client: Client): Promise<void> {
  const { userId, sessionEpoch, live } = crowd
  const values = { userId, sessionEpoch, usedAfter: 0, createdAfter: 0, skip: 0 }
  for (const { postgres } of [listLiveSessions, countLiveSessions]) {
    const literals = postgres.bind(values).map((value) => `'${String(value)}'`)
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE ${postgres.name} (${literals.join(', ')})`,
    )
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    assert.match(plan, /Scan (Backward )?(using|on) sessions_alive/, plan)
    assert.match(plan, new RegExp(`sessions.* \\(actual rows=${live}(\\.00)? `), plan)
    assert.doesNotMatch(plan, /Removed by Filter|Sort/, plan)
  }
}

async function provePlans(client: Client): Promise<void> {
  const statements = await everyStatement()
  assert.ok(statements.size > 30)
  await prepareAll(client, statements)
  // Prepared before there was a row: the server keeps such plans.
  assert.deepEqual(await wholeTablesRead(client, statements), {})
  await fill(client)
  assert.deepEqual(await wholeTablesRead(client, statements), {})
  await client.query('ANALYZE')
  assert.deepEqual(await wholeTablesRead(client, statements), {})
}

type Statements = ReadonlyMap<AnyStatement, string>

async function prepareAll(client: Client, statements: Statements): Promise<void> {
  await client.query('SET plan_cache_mode = force_generic_plan')
  for (const { postgres } of statements.keys()) {
    await client.query(`PREPARE ${postgres.name} AS ${postgres.sql}`)
  }
}

/** The statements whose plan reads a table from end to end or sorts, and that plan. */
async function wholeTablesRead(
  client: Client,
  statements: Statements,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [{ postgres }, method] of statements) {
    const count = new Set(postgres.sql.match(/\$\d+/g)).size
    const values = Array.from({ length: count }, () => "'1'").join(', ')
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (COSTS OFF) EXECUTE ${postgres.name}${count > 0 ? ` (${values})` : ''}`,
    )
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    if (/Seq Scan|Sort/.test(plan) && !(method in readers)) found[method] = plan
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
  await client.query(`INSERT INTO consumed
    SELECT 'code', 'code ' || i, i FROM generate_series(1, 20000) AS i`)
  await client.query(`INSERT INTO audit_events
    SELECT lpad(i::text, 26, '0'), i, 'sign_in.succeeded', NULL, lpad((i % 99)::text, 26, '0'), NULL,
      NULL, NULL, NULL, '{}'
    FROM generate_series(1, 20000) AS i`)
  await client.query(`UPDATE users SET email = id || '@x.y', verified_email_key = id || '@x.y'`)
  await client.query(`INSERT INTO factors
    SELECT lpad(i::text, 26, '0'), lpad((i / 2)::text, 26, '0'), 'totp', '', 0, i::text, '', 0, i, NULL
    FROM generate_series(1, 20000) AS i`)
  await client.query(`INSERT INTO challenges
    SELECT 'code', 'code ' || i, NULL, '', 0, i FROM generate_series(1, 20000) AS i`)
  await client.query(`INSERT INTO mails
    SELECT lpad(i::text, 26, '0'), 'notice', '', 0, i, i, i FROM generate_series(1, 20000) AS i`)
}
