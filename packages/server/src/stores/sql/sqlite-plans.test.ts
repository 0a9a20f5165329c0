import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { type AnyStatement, everyStatement } from './every-statement.fixture.ts'
import { crowd, crowdColumns, crowdValues } from './crowded-account.fixture.ts'
import { openSqliteStore } from './open-sqlite-store.ts'
import { countLiveSessions, listLiveSessions } from './session-store.ts'

/** Methods that walk a table: why they may. */
const walkers: Readonly<Record<string, string>> = {
  listServices: 'a few rows, which an administrator looks at',
  listEvents: 'the newest events come first by the primary key, up to a limit',
  pruneEvents: 'the oldest events come first by the primary key, up to a limit',
}

test('no statement reads a whole table or sorts, whether it is new or large', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-plans-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'countersign.db')
  await (await openSqliteStore({ file, clock: Date.now })).close()
  const database = new DatabaseSync(file)
  t.after(() => database.close())
  const statements = await everyStatement()
  assert.ok(statements.size > 30)
  assert.deepEqual(badPlans(database, statements), {})
  fill(database)
  assert.deepEqual(badPlans(database, statements), {})
  database.exec('ANALYZE')
  assert.deepEqual(badPlans(database, statements), {})
})

// SQLite plans a statement anew at each use whose LIMIT is an argument, in several times what it takes to run it.
test('only lists of any length and the work in the background bring their limit as an argument', async () => {
  const statements = [...(await everyStatement())]
  const bound = statements.filter(([{ sqlite }]) => /limit \?/i.test(sqlite.sql))
  const methods = new Set(bound.map(([, method]) => method))
  const allowed = /^(?:prune|claim|list(?:Accounts|Events|FactorsOfKind|DueMails|Services)$)/
  assert.ok(methods.size > 5)
  assert.deepEqual(
    [...methods].filter((method) => !allowed.test(method)),
    [],
  )
})

test('a log-in of an account with 50,000 dead sessions reads those that live', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-plans-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'countersign.db')
  await (await openSqliteStore({ file, clock: Date.now })).close()
  const database = new DatabaseSync(file)
  t.after(() => database.close())
  fill(database)
  database.exec(`INSERT INTO sessions (${crowdColumns}) ${numbers(crowd.rows)}
    SELECT ${crowdValues("'crowd' || printf('%021d', i)", "x'00'")} FROM numbers`)
  const { userId, sessionEpoch, live } = crowd
  const values = { userId, sessionEpoch, usedAfter: 0, createdAfter: 0, skip: 0 }
  for (const statement of [listLiveSessions, countLiveSessions]) {
    const { sqlite } = statement
    const plan = () =>
      database.prepare(`EXPLAIN QUERY PLAN ${sqlite.sql}`).all(...sqlite.bind(values))
    const expected = 'SEARCH sessions USING INDEX sessions_alive (user_id=? AND epoch>?)'
    const details = () => plan().map((row) => String(row['detail']))
    assert.deepEqual(details(), [expected])
    database.exec('ANALYZE')
    assert.deepEqual(details(), [expected])
  }
  // The range of that index holds what lives, and nothing else.
  const range = database.prepare(`SELECT count(*) AS count FROM sessions INDEXED BY sessions_alive
    WHERE ended_at IS NULL AND user_id = ? AND epoch >= ?`)
  assert.equal(range.get(userId, sessionEpoch)?.['count'], live)
})

/** By method: the steps that scan or sort. */
function badPlans(
  database: DatabaseSync,
  statements: ReadonlyMap<AnyStatement, string>,
): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const [statement, method] of statements) {
    const { sql } = statement.sqlite
    const values = Array.from({ length: sql.split('?').length - 1 }, () => 1)
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values)
    const steps = plan.map((row) => String(row['detail']))
    const bad = steps.filter((step) => /TEMP B-TREE|AUTOMATIC/.test(step) || scans(step, method))
    if (bad.length > 0) found[method] = bad
  }
  return found
}

function scans(step: string, method: string): boolean {
  if (!step.startsWith('SCAN') || method in walkers) return false
  // The order of the index ends such a scan at its limit.
  return !(method.startsWith('prune') && step.includes('USING COVERING INDEX'))
}

function fill(database: DatabaseSync): void {
  database.exec(`INSERT INTO users (id, username, username_key, email, password_hash, role, disabled, session_epoch,
      token_epoch, epochs_raised_at, created_at, updated_at, deleted_at) ${numbers(20_000)}
    SELECT printf('%026d', i), 'user ' || i, 'user ' || i, NULL, 'hash',
      CASE WHEN i % 1000 = 0 THEN 'admin' ELSE 'user' END, 0, 0, 0,
      CASE WHEN i % 5000 = 0 THEN i ELSE NULL END, i, i, NULL FROM numbers`)
  database.exec(`INSERT INTO sessions (id, user_id, salt, generation, parent, rotated_at, created_at, last_used_at,
      ended_at, end_reason, epoch, user_agent, ip) ${numbers(40_000)}
    SELECT printf('%026d', i), printf('%026d', i / 2), x'00', 1, NULL, i, i, i,
      CASE WHEN i % 500 = 0 THEN i ELSE NULL END, NULL, 0, 'agent', '::1' FROM numbers`)
  database.exec(`INSERT INTO attempts ${numbers(20_000)} SELECT 'login ' || i, 1, i FROM numbers`)
  database.exec(
    `INSERT INTO consumed ${numbers(20_000)} SELECT 'code', 'code ' || i, i FROM numbers`,
  )
  database.exec(`INSERT INTO audit_events ${numbers(20_000)}
    SELECT printf('%026d', i), i, 'sign_in.succeeded', NULL, printf('%026d', i % 99), NULL, NULL, NULL,
      NULL, '{}' FROM numbers`)
  database.exec(`UPDATE users SET email = id || '@x.y', verified_email_key = id || '@x.y'`)
  database.exec(`INSERT INTO factors ${numbers(20_000)}
    SELECT printf('%026d', i), printf('%026d', i / 2), 'totp', '', 0, i, '', 0, i, NULL FROM numbers`)
  database.exec(
    `INSERT INTO challenges ${numbers(20_000)} SELECT 'code', 'code ' || i, NULL, '', 0, i FROM numbers`,
  )
  database.exec(`INSERT INTO mails ${numbers(20_000)}
    SELECT printf('%026d', i), 'notice', '', 0, i, i, i FROM numbers`)
}

function numbers(count: number): string {
  return `WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ${count})`
}
