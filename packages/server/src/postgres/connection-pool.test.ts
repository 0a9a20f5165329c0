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

async function open(
  t: TestContext,
  server: PostgresServer,
  parameters: Readonly<Record<string, string>> = {},
) {
  const settings = settingsOf(server.urlFor(t, parameters))
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
  const client = await server.connect(t)
  return { pool, client, sent: () => sent }
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
