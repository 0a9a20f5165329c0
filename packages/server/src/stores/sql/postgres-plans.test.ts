import assert from 'node:assert/strict'
import type { Client } from 'pg'
import { postgresTest } from '../../../../../tools/postgres.fixture.ts'
import { findAccount } from './account-store.ts'
import { type AnyStatement, everyStatement } from './every-statement.fixture.ts'
import { loadPostgresDriver } from '../../postgres/load-driver.ts'
import { withConnection } from '../../postgres/with-connection.ts'
import { crowd, crowdColumns, crowdValues } from './crowded-account.fixture.ts'
import { openPostgresStore } from './open-postgres-store.ts'
import { settingsOf } from './postgres.fixture.ts'
import {
  countLiveSessions,
  findSessionWithAccount,
  listLiveSessions,
  rotateSession,
} from './session-store.ts'

/** Methods that may read a whole table: why. */
const readers: Readonly<Record<string, string>> = {
  listServices: 'a few rows, which an administrator looks at',
}

/** Methods that may as long as the table was empty when they were planned, which the first ANALYZE mends. */
const readersOfNew: Readonly<Record<string, string>> = {
  countOtherActiveAccounts: 'asked when an administrator stops being one',
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
  const prove = async (mayRead: object): Promise<void> => {
    const read = Object.entries(await wholeTablesRead(client, statements))
    assert.deepEqual(
      read.filter(([method]) => !(method in mayRead)),
      [],
    )
    await proveKeysByHash(client)
  }
  await prove({ ...readers, ...readersOfNew })
  await fill(client)
  await prove({ ...readers, ...readersOfNew })
  await client.query('ANALYZE')
  await prove(readers)
}

/** What every request asks is found by one page of an index each. */
async function proveKeysByHash(client: Client): Promise<void> {
  const indexes = new Map<AnyStatement, readonly string[]>([
    [findAccount, ['users_by_id']],
    [findSessionWithAccount, ['sessions_by_id', 'users_by_id']],
    [rotateSession, ['sessions_by_id']],
  ])
  for (const [statement, expected] of indexes) {
    const plan = await planOf(client, statement)
    const used = plan.match(/(?<=Scan using )\w+/g)
    assert.deepEqual(used?.toSorted(), expected, plan)
  }
}

type Statements = ReadonlyMap<AnyStatement, string>

async function prepareAll(client: Client, statements: Statements): Promise<void> {
  await client.query('SET plan_cache_mode = force_generic_plan')
  for (const { postgres } of statements.keys()) {
    await client.query(`PREPARE ${postgres.name} AS ${postgres.sql}`)
  }
}

/** The statements whose plan reads a table or an index from end to end or sorts, and that plan. */
async function wholeTablesRead(
  client: Client,
  statements: Statements,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [statement, method] of statements) {
    const plan = await planOf(client, statement)
    // What maintenance deletes in slices it may look for in a whole index.
    const isMaintenance = method.startsWith('prune')
    const readsAll = /Seq Scan|Sort/.test(plan) || (!isMaintenance && readsWholeIndex(plan))
    if (readsAll) found[method] = plan
  }
  return found
}

/** Without a place to begin, and without a limit. */
function readsWholeIndex(plan: string): boolean {
  const lines = plan.split('\n')
  return lines.some(
    (line, at) =>
      /Index (Only )?Scan/.test(line) &&
      !/Index Cond/.test(lines[at + 1] ?? '') &&
      !/Limit/.test(lines[at - 1] ?? ''),
  )
}

async function planOf(client: Client, { postgres }: AnyStatement): Promise<string> {
  const count = new Set(postgres.sql.match(/\$\d+/g)).size
  const values = Array.from({ length: count }, () => "'1'").join(', ')
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(
    `EXPLAIN (COSTS OFF) EXECUTE ${postgres.name}${count > 0 ? ` (${values})` : ''}`,
  )
  return rows.map((row) => row['QUERY PLAN']).join('\n')
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
