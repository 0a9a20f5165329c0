// Behind PgBouncer: a connection that is ours alone works with its defaults, and one that is shared is refused at start.

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { poolerFor, whyNoPgbouncer } from '../../../../../tools/pgbouncer.fixture.ts'
import { type PostgresServer, postgresTest } from '../../../../../tools/postgres.fixture.ts'
import { isStoreRequired } from '../../../../../tools/required-stores.ts'
import { until } from '../../../../../tools/until.ts'
import { openPostgresBus } from '../../bus/postgres-bus.ts'
import type { PostgresSettings } from '../../config/settings.ts'
import { StoreUnavailableError } from '../../foundation/store-failure.ts'
import { loadPostgresDriver } from '../../postgres/load-driver.ts'
import { sessionClient } from '../../postgres/set-up-session.ts'
import { openPostgresStore } from './open-postgres-store.ts'
import { settingsOf } from './postgres.fixture.ts'

const window = { limit: 1_000, windowMs: 60_000, now: 1_790_000_000_000 }
/** What PgBouncer's own advice is for a parameter that it does not know. */
const ignoring = {
  ignore_startup_parameters:
    'options,statement_timeout,lock_timeout,idle_in_transaction_session_timeout',
}

const missing = whyNoPgbouncer()
if (missing === undefined) {
  for (const more of [{}, ignoring]) {
    const name = 'ignore_startup_parameters' in more ? 'when it ignores parameters' : 'as it comes'
    postgresTest(`everything holds behind a pooler of sessions, ${name}`, async (t, server) => {
      const direct = server.urlFor(t, { pool_size: '4' })
      const pooled = settingsOf(await poolerFor(t, direct, { pool_mode: 'session', ...more }))
      await proveStore(t, server, pooled)
      await proveBus(t, settingsOf(direct), pooled)
      await proveSettings(t, pooled)
    })
  }

  for (const pool_mode of ['transaction', 'statement'] as const) {
    for (const server_round_robin of [0, 1]) {
      postgresTest(
        `a pooler of ${pool_mode}s is refused, and nothing left behind in it (round robin ${server_round_robin})`,
        async (t, server) => {
          const url = await poolerFor(t, server.urlFor(t), {
            pool_mode,
            server_round_robin,
            ...ignoring,
          })
          const settings = settingsOf(url)
          const others = await occupy(t, settings)
          await assert.rejects(openPostgresStore(settings), (error: unknown) => {
            assert.ok(error instanceof StoreUnavailableError, String(error))
            assert.match(error.message, /shares connections.*pool_mode to session/)
            return true
          })
          for (const other of others) {
            assert.notEqual(await showSetting(other, 'search_path'), settings.schema)
          }
          const client = await server.connect(t)
          const { rows } = await client.query('SELECT to_regnamespace($1) AS made', [
            settings.schema,
          ])
          assert.deepEqual(rows, [{ made: null }])
        },
      )
    }
  }

  postgresTest(
    'a pooler that has no second connection to give is refused in time, not waited for',
    async (t, server) => {
      const url = await poolerFor(t, server.urlFor(t, { connect_timeout: '500ms' }), {
        pool_mode: 'session',
        default_pool_size: 1,
      })
      await assert.rejects(openPostgresStore(settingsOf(url)), StoreUnavailableError)
    },
  )
} else {
  const skip = isStoreRequired('pgbouncer') ? false : missing
  test('PgBouncer is covered', { skip }, () => assert.fail(missing))
}

async function proveStore(
  t: TestContext,
  server: PostgresServer,
  settings: PostgresSettings,
): Promise<void> {
  const store = await openPostgresStore(settings)
  t.after(() => store.close())
  await Promise.all(Array.from({ length: 40 }, () => store.reserveAttempt('key', window)))
  await store.checkReady()
  const client = await server.connect(t)
  const { rows } = await client.query(`SELECT count::int FROM ${settings.schema}.attempts`)
  assert.deepEqual(rows, [{ count: 40 }], 'in our schema')
}

/** Between an instance before the pooler and one behind it, both ways. */
async function proveBus(
  t: TestContext,
  direct: PostgresSettings,
  pooled: PostgresSettings,
): Promise<void> {
  const buses = [await openPostgresBus(direct), await openPostgresBus(pooled)] as const
  const heard: [string[], string[]] = [[], []]
  for (const [i, bus] of buses.entries()) {
    t.after(() => bus.close())
    bus.subscribe((message) => heard[i]?.push(message))
    await until(() => bus.isConnected(), 'the bus to connect')
  }
  await buses[0].publish('from the one')
  await buses[1].publish('from the other')
  await until(() => heard.every(({ length }) => length === 2), 'both to hear both')
}

async function proveSettings(t: TestContext, settings: PostgresSettings): Promise<void> {
  const client = new (sessionClient(await loadPostgresDriver(), settings))()
  await client.connect()
  const wanted = {
    search_path: settings.schema,
    synchronous_commit: 'on',
    statement_timeout: '5s',
    lock_timeout: '2s',
    idle_in_transaction_session_timeout: '5s',
    enable_seqscan: 'off',
  }
  for (const [name, value] of Object.entries(wanted)) {
    assert.equal(await showSetting(client, name), value, name)
  }
  await client.end()
}

type Connection = InstanceType<Awaited<ReturnType<typeof loadPostgresDriver>>['Client']>

async function showSetting(client: Connection, name: string): Promise<string | undefined> {
  const { rows } = await client.query<{ value: string }>('SELECT current_setting($1) AS value', [
    name,
  ])
  return rows[0]?.value
}

/** An application's connections through the same pooler: it has several processes to give. */
async function occupy(t: TestContext, settings: PostgresSettings): Promise<Connection[]> {
  const { Client } = await loadPostgresDriver()
  const { host, port, user, database } = settings
  const clients = await Promise.all(
    [1, 2, 3].map(async () => {
      const client = new Client({ host, port, user, database })
      // The pooler may end before it.
      client.on('error', () => undefined)
      await client.connect()
      t.after(() => client.end())
      return client
    }),
  )
  await Promise.all(clients.map((client) => client.query('SELECT pg_sleep(0.1)')))
  return clients
}
