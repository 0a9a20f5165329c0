import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestContext } from 'node:test'
import type { Client, ClientConfig } from 'pg'
import {
  onPostgres,
  type PostgresServer,
  postgresTest,
} from '../../../../tools/postgres.fixture.ts'
import { until } from '../../../../tools/until.ts'
import type { PostgresSettings } from '../config/settings.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { settingsOf } from '../stores/sql/postgres.fixture.ts'
import { type ConnectionPool, createConnectionPool } from './connection-pool.ts'
import { loadPostgresDriver } from './load-driver.ts'

const echo = { name: 'echo', text: 'SELECT $1::text AS word, pg_backend_pid() AS pid' }
const divide = { name: 'divide', text: 'SELECT 6 / $1::int AS part' }
/** Answers when the lock is free. */
const wait = {
  name: 'wait',
  text: 'SELECT $1::text AS word, pg_advisory_xact_lock_shared($2)::text AS locked',
}
const theLock = 7_001

onPostgres('look-ups of one turn', () => {
  postgresTest('go together, and each gets its own answer', async (t, server) => {
    const { pool, sent } = await open(t, server, { pool_size: '1' })
    const words = Array.from({ length: 100 }, (_, index) => `word ${index}`)
    await lookUpAll(pool, words)
    const before = sent()
    assert.deepEqual(await lookUpAll(pool, words), words)
    assert.equal(sent() - before, 7, 'sixteen in one at most')
  })

  postgresTest('fail alone for what is wrong with one of them', async (t, server) => {
    const { pool } = await open(t, server)
    for (let round = 0; round < 2; round++) {
      const outcomes = await Promise.allSettled(
        [1, 2, 0, 3].map((by) => pool.lookUp({ ...divide, values: [by] })),
      )
      assert.deepEqual(
        outcomes.map((outcome) =>
          outcome.status === 'fulfilled'
            ? Number(outcome.value.rows[0]?.['part'])
            : String(outcome.reason).includes('22012'),
        ),
        [6, 3, true, 2],
      )
    }
  })

  postgresTest('are asked again when their connection breaks', async (t, server) => {
    const { pool, client } = await open(t, server, { pool_size: '1', lock_timeout: '20s' })
    await client.query('SELECT pg_advisory_lock($1)', [theLock])
    const asked = Promise.all(
      ['one', 'two', 'three'].map((word) => pool.lookUp({ ...wait, values: [word, theLock] })),
    )
    const first = await whoWaits(client)
    await client.query('SELECT pg_terminate_backend($1)', [first])
    await whoWaits(client, first)
    await client.query('SELECT pg_advisory_unlock($1)', [theLock])
    assert.deepEqual(
      (await asked).map(({ rows }) => rows[0]?.['word']),
      ['one', 'two', 'three'],
    )
  })

  postgresTest('are asked on another connection when theirs was reset', async (t, server) => {
    const { pool, settings } = await open(t, server, { pool_size: '1' })
    await lookUpAll(pool, ['one', 'two'])
    // As a pooler does that gives the connection to somebody else.
    await pool.write({ name: 'reset', text: 'DISCARD ALL' })
    assert.deepEqual(await lookUpAll(pool, ['one', 'two']), ['one', 'two'])
    const { rows } = await pool.read({ name: 'path', text: 'SHOW search_path' })
    assert.deepEqual(rows, [{ search_path: settings.schema }])
  })

  postgresTest('are answered when the pool is closed meanwhile', async (t, server) => {
    const { pool } = await open(t, server)
    const asked = lookUpAll(pool, ['one', 'two'])
    await Promise.all([pool.close(), pool.close()])
    assert.deepEqual(await asked, ['one', 'two'])
    await assert.rejects(pool.lookUp({ ...echo, values: ['late'] }), { reason: 'closed' })
  })

  postgresTest('wait in bounds, as many callers as there are', async (t, server) => {
    const { pool, client } = await open(t, server, { pool_size: '1', lock_timeout: '20s' })
    await client.query('SELECT pg_advisory_lock($1)', [theLock])
    const first = pool.read({ ...wait, values: ['first', theLock] })
    await whoWaits(client)
    const outcomes = Promise.allSettled(
      Array.from({ length: 1_000 }, async () => pool.lookUp({ ...echo, values: ['x'] })),
    )
    await sleep(0)
    await client.query('SELECT pg_advisory_unlock($1)', [theLock])
    const busy = (await outcomes).filter(
      (outcome) =>
        outcome.status === 'rejected' &&
        outcome.reason instanceof StoreUnavailableError &&
        outcome.reason.reason === 'busy',
    )
    // 250 may wait, and the last packet is not divided.
    assert.ok(busy.length >= 1_000 - 250 - 16 && busy.length <= 750, `${busy.length} refused`)
    await first
  })
})

onPostgres('changes of rows in one turn', () => {
  postgresTest('are committed together, and each hears what it changed', async (t, server) => {
    const { pool, client, sent, table } = await openTable(t, server, { pool_size: '1' })
    await changeAll(pool, table, ['a', 'b'])
    const before = sent()
    const keys = Array.from({ length: 40 }, (_, index) => (index % 4 === 3 ? 'nobody' : `${index}`))
    assert.deepEqual(
      await changeAll(pool, table, keys),
      keys.map((key) => (key === 'nobody' ? 0 : 1)),
    )
    assert.equal(sent() - before, 3, 'sixteen in one at most')
    const { rows } = await client.query(`SELECT count(DISTINCT xmin::text)::int AS n FROM ${table}
      WHERE count > 0 AND key NOT IN ('a', 'b')`)
    assert.equal(rows[0]?.n, 3)
  })

  postgresTest('see each other where they change the same row', async (t, server) => {
    const { pool, table, countsOf } = await openTable(t, server)
    const changed = await Promise.all(
      Array.from({ length: 10 }, () => swap(pool, table, '1', { seen: 0, next: 1 })),
    )
    assert.equal(changed.filter((rows) => rows === 1).length, 1)
    assert.deepEqual(await countsOf(['1']), [1])
  })

  postgresTest('are done all the same when one of them is refused', async (t, server) => {
    const { pool, client, table, countsOf } = await openTable(t, server)
    // Refused by the statement, and by the commit.
    for (const [when, refused] of [
      ['IMMEDIATE', '2'],
      ['DEFERRED', '3'],
    ]) {
      await client.query(`CREATE OR REPLACE FUNCTION ${table}_refuse() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '23514'; END $$`)
      await client.query(`CREATE CONSTRAINT TRIGGER refuse_${when} AFTER UPDATE ON ${table}
        DEFERRABLE INITIALLY ${when} FOR EACH ROW WHEN (NEW.key = '${refused}')
        EXECUTE FUNCTION ${table}_refuse()`)
    }
    const keys = ['1', '2', '3', '4']
    for (let round = 1; round <= 2; round++) {
      const outcomes = await Promise.allSettled(keys.map((key) => change(pool, table, key)))
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
      )
      assert.deepEqual(await countsOf(keys), [round, 0, 0, round], 'once each')
    }
  })

  postgresTest('are done all the same when one has a value of no known kind', async (t, server) => {
    const { pool, table, countsOf } = await openTable(t, server)
    const text = `UPDATE ${table} SET count = count + 1 WHERE key = $1`
    const outcomes = await Promise.allSettled(
      ['1', Symbol('odd'), '3'].map((value) =>
        pool.writeRow({ name: 'change', text, values: [value] }, String(value)),
      ),
    )
    assert.deepEqual(
      outcomes.map((outcome) =>
        outcome.status === 'fulfilled' ? outcome.value.rowCount : outcome.reason.name,
      ),
      [1, 'TypeError', 1],
    )
    assert.deepEqual(await countsOf(['1', '3']), [1, 1])
  })

  postgresTest('do not wait for the one whose row is locked', async (t, server) => {
    const { pool, client, table, countsOf } = await openTable(t, server, { lock_timeout: '100ms' })
    await client.query('BEGIN')
    await client.query(`UPDATE ${table} SET count = 9 WHERE key = '2'`)
    const outcomes = await Promise.allSettled(
      ['1', '2', '3'].map((key) => change(pool, table, key)),
    )
    await client.query('ROLLBACK')
    assert.deepEqual(
      outcomes.map((outcome) =>
        outcome.status === 'fulfilled'
          ? outcome.value
          : (outcome.reason as { reason: string }).reason,
      ),
      [1, 'locked', 1],
    )
    assert.deepEqual(await countsOf(['1', '2', '3']), [1, 0, 1])
  })

  postgresTest('wait for all locks together as long as one would alone', async (t, server) => {
    const limits = { lock_timeout: '20s', statement_timeout: '3s' }
    const { pool, client, table, countsOf } = await openTable(t, server, limits)
    for (let round = 1; round <= 2; round++) {
      await client.query('BEGIN')
      await client.query(`UPDATE ${table} SET count = count WHERE key = '2'`)
      const [first, locked, last] = ['1', '2', '3'].map((key) => change(pool, table, key))
      const others = await Promise.allSettled([first, last])
      await client.query('ROLLBACK')
      assert.deepEqual(
        others.map(({ status }) => status),
        ['fulfilled', 'fulfilled'],
        'while the row is locked',
      )
      assert.equal(await locked, 1)
      assert.deepEqual(await countsOf(['1', '2', '3']), [round, round, round])
    }
  })

  postgresTest('are done before the pool is closed, also alone', async (t, server) => {
    const { pool, client, table, countsOf } = await openTable(t, server, { lock_timeout: '200ms' })
    await client.query('BEGIN')
    await client.query(`UPDATE ${table} SET count = count WHERE key = '2'`)
    const asked = Promise.allSettled(['1', '2', '3'].map((key) => change(pool, table, key)))
    await pool.close()
    await client.query('ROLLBACK')
    assert.deepEqual(
      (await asked).map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    assert.deepEqual(await countsOf(['1', '2', '3']), [1, 0, 1])
    await assert.rejects(change(pool, table, '1'), { reason: 'closed' })
  })

  postgresTest('of two instances never wait for each other in a circle', async (t, server) => {
    const first = await openTable(t, server, { pool_size: '1', lock_timeout: '20s' })
    const { client, table, settings, countsOf } = first
    const second = await openPool(t, settings)
    const observer = await server.connect(t)
    // Each has its first row when both wait for the one in the middle, if they take them as they were asked for.
    await client.query('BEGIN')
    await client.query(`UPDATE ${table} SET count = count WHERE key = '2'`)
    const changes = [
      changeAll(first.pool, table, ['3', '2', '1']),
      changeAll(second.pool, table, ['1', '2', '3']),
    ]
    await until(async () => {
      const { rows } = await observer.query(`SELECT count(*)::int AS n FROM pg_locks
        JOIN pg_stat_activity USING (pid) WHERE NOT granted AND query LIKE '%${table}%'`)
      return rows[0]?.n === 2
    }, 'two who wait')
    await client.query('ROLLBACK')
    assert.deepEqual(await Promise.all(changes), [
      [1, 1, 1],
      [1, 1, 1],
    ])
    assert.deepEqual(await countsOf(['1', '2', '3']), [2, 2, 2])
    assert.deepEqual([first.sent(), second.sent()], [2, 2], 'the settings, and one packet')
  })

  postgresTest('are not sent again when their connection breaks', async (t, server) => {
    const { pool, client, table, countsOf } = await openTable(t, server, { lock_timeout: '20s' })
    await client.query('BEGIN')
    await client.query(`UPDATE ${table} SET count = count WHERE key = '2'`)
    const outcomes = Promise.allSettled(['1', '2', '3'].map((key) => change(pool, table, key)))
    const { rows: own } = await client.query('SELECT pg_backend_pid() AS pid')
    const holder: unknown = own[0]?.pid
    const observer = await server.connect(t)
    let waiting: number | undefined
    await until(async () => {
      const { rows } = await observer.query<{ pid: number }>(
        'SELECT pid FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))',
        [holder],
      )
      waiting = rows[0]?.pid
      return waiting !== undefined
    }, 'a change that waits for the row')
    await observer.query('SELECT pg_terminate_backend($1)', [waiting])
    const reasons = (await outcomes).map(
      (outcome) => outcome.status === 'rejected' && (outcome.reason as { reason: string }).reason,
    )
    await client.query('ROLLBACK')
    assert.deepEqual(reasons, ['interrupted', 'interrupted', 'interrupted'])
    assert.deepEqual(await countsOf(['1', '2', '3']), [0, 0, 0])
  })
})

/** A pool, and a table of a hundred rows that count how often they were changed. */
async function openTable(
  t: TestContext,
  server: PostgresServer,
  parameters: Readonly<Record<string, string>> = {},
) {
  const opened = await open(t, server, parameters)
  const { client, settings } = opened
  const table = `${settings.schema}.counters`
  await client.query(`CREATE SCHEMA ${settings.schema}`)
  await client.query(`CREATE TABLE ${table} (key text COLLATE "C" PRIMARY KEY, count int NOT NULL)`)
  await client.query(`INSERT INTO ${table} SELECT i::text, 0 FROM generate_series(0, 99) AS i
    UNION VALUES ('a', 0), ('b', 0)`)
  const countsOf = async (keys: readonly string[]): Promise<unknown[]> => {
    const text = `SELECT key, count FROM ${table} WHERE key = ANY ($1) ORDER BY key`
    return (await client.query(text, [keys])).rows.map(({ count }) => count)
  }
  return { ...opened, table, countsOf }
}

async function change(pool: ConnectionPool, table: string, key: string): Promise<number | null> {
  const text = `UPDATE ${table} SET count = count + 1 WHERE key = $1`
  return (await pool.writeRow({ name: 'change', text, values: [key] }, key)).rowCount
}

async function swap(
  pool: ConnectionPool,
  table: string,
  key: string,
  { seen, next }: { readonly seen: number; readonly next: number },
): Promise<number | null> {
  const text = `UPDATE ${table} SET count = $3 WHERE key = $1 AND count = $2`
  return (await pool.writeRow({ name: 'swap', text, values: [key, seen, next] }, key)).rowCount
}

function changeAll(
  pool: ConnectionPool,
  table: string,
  keys: readonly string[],
): Promise<(number | null)[]> {
  return Promise.all(keys.map((key) => change(pool, table, key)))
}

async function open(
  t: TestContext,
  server: PostgresServer,
  parameters: Readonly<Record<string, string>> = {},
) {
  const settings = settingsOf(server.urlFor(t, parameters))
  return { ...(await openPool(t, settings)), client: await server.connect(t), settings }
}

/** A pool that counts what its connections send. */
async function openPool(t: TestContext, settings: PostgresSettings) {
  const driver = await loadPostgresDriver()
  let sent = 0
  class CountingClient extends driver.Client {
    constructor(config?: ClientConfig) {
      super(config)
      const ask = this.query.bind(this) as (...words: unknown[]) => unknown
      this.query = ((...words: unknown[]) => {
        sent++
        return ask(...words)
      }) as Client['query']
    }
  }
  const pool = createConnectionPool({ ...driver, Client: CountingClient }, settings)
  t.after(() => pool.close())
  return { pool, sent: () => sent }
}

async function lookUpAll(pool: ConnectionPool, words: readonly string[]): Promise<unknown[]> {
  const answers = await Promise.all(words.map((word) => pool.lookUp({ ...echo, values: [word] })))
  return answers.map(({ rows }) => rows[0]?.['word'])
}

/** The process of the server that waits for the lock, as soon as there is one; another than `before`. */
async function whoWaits(client: Client, before?: number): Promise<number> {
  let found: number | undefined
  const isThere = async (): Promise<boolean> => {
    const { rows } = await client.query<{ pid: number }>(
      "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted",
      [theLock],
    )
    found = rows.find(({ pid }) => pid !== before)?.pid
    return found !== undefined
  }
  await until(isThere, 'somebody who waits for the lock')
  return found ?? Number.NaN
}
