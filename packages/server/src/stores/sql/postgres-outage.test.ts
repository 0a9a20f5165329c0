import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Client } from 'pg'
import {
  ownPostgresTest,
  type PostgresServer,
  postgresTest,
} from '../../../../../tools/postgres.fixture.ts'
import { startProxy } from '../../../../../tools/tcp-proxy.fixture.ts'
import { until } from '../../../../../tools/until.ts'
import { StoreUnavailableError } from '../../foundation/store-failure.ts'
import { reserveAttempt } from './attempt-store.ts'
import { openPostgresStore } from './open-postgres-store.ts'
import { settingsOf } from './postgres.fixture.ts'
import { findSessionWithAccount } from './session-store.ts'

const minute = { limit: 1_000, windowMs: 60_000, now: 1_790_000_000_000 }
const quick = { connect_timeout: '1500ms', statement_timeout: '1500ms', lock_timeout: '100ms' }

/** A store behind a proxy, and a way past both. */
async function openBehindProxy(
  t: TestContext,
  server: PostgresServer,
  parameters: Readonly<Record<string, string>> = {},
) {
  const direct = settingsOf(server.urlFor(t, { ...quick, ...parameters }))
  const proxy = await startProxy(t, direct.port)
  const store = await openPostgresStore({ ...direct, port: proxy.port })
  t.after(() => store.close())
  const client = await server.connect(t)
  const { schema } = direct
  const countOf = async (key: string): Promise<number> => {
    const { rows } = await client.query<{ count: number }>(
      `SELECT count::int FROM ${schema}.attempts WHERE key = $1`,
      [key],
    )
    return rows[0]?.count ?? 0
  }
  return { proxy, store, client, schema, countOf }
}

/** The reason for which the store was unavailable, or `done`. */
async function outcomeOf(act: Promise<unknown>): Promise<string> {
  try {
    await act
    return 'done'
  } catch (error) {
    assert.ok(error instanceof StoreUnavailableError, String(error))
    return error.reason
  }
}

postgresTest(
  'a change whose answer is lost has happened once, and is not sent again',
  async (t, server) => {
    const { proxy, store, countOf } = await openBehindProxy(t, server)
    await store.reserveAttempt('warm', minute)
    const trap = proxy.cutOn(reserveAttempt.postgres.name, 'unanswered', 1)
    assert.equal(await outcomeOf(store.reserveAttempt('key', minute)), 'interrupted')
    await store.checkReady()
    assert.equal(trap.count(), 1)
    assert.equal(await countOf('key'), 1)
  },
)

postgresTest(
  'a change that the server never got has not happened, and is not sent again',
  async (t, server) => {
    const { proxy, store, countOf } = await openBehindProxy(t, server)
    const trap = proxy.cutOn(reserveAttempt.postgres.name, 'unsent', 1)
    assert.equal(await outcomeOf(store.reserveAttempt('key', minute)), 'interrupted')
    await store.checkReady()
    assert.equal(trap.count(), 1)
    assert.equal(await countOf('key'), 0)
    assert.equal((await store.reserveAttempt('key', minute)).count, 1)
  },
)

postgresTest('a read whose connection breaks is asked again, within bounds', async (t, server) => {
  const { proxy, store } = await openBehindProxy(t, server)
  const { name } = findSessionWithAccount.postgres
  const twice = proxy.cutOn(name, 'unanswered', 2)
  assert.equal(await store.findSessionWithAccount('none'), undefined)
  assert.equal(twice.count(), 2)
  const always = proxy.cutOn(name, 'unsent', Number.POSITIVE_INFINITY)
  assert.equal(await outcomeOf(store.findSessionWithAccount('none')), 'unreachable')
  assert.equal(always.count(), 3)
})

postgresTest(
  'while nothing gets through, everybody is told so and nobody hangs',
  async (t, server) => {
    const { proxy, store, countOf } = await openBehindProxy(t, server, { pool_size: '4' })
    await Promise.all(Array.from({ length: 8 }, () => store.reserveAttempt('key', minute)))
    proxy.mode = 'hold'
    const outcomes = await Promise.all([
      ...Array.from({ length: 40 }, () => outcomeOf(store.reserveAttempt('key', minute))),
      ...Array.from({ length: 40 }, () => outcomeOf(store.findSessionWithAccount('none'))),
      outcomeOf(store.checkReady()),
    ])
    assert.ok(!outcomes.includes('done'), outcomes.join())
    assert.ok(new Set(outcomes).isSubsetOf(new Set(['busy', 'unreachable', 'interrupted'])))
    // What was held is delivered late: those statements were sent once, and the rest never.
    const sent = outcomes.filter((outcome) => outcome === 'interrupted').length
    assert.ok(sent <= 4, `${sent} changes were under way`)
    proxy.mode = 'pass'
    await until(
      async () => (await outcomeOf(store.checkReady())) === 'done',
      'the store to recover',
    )
    const count = await countOf('key')
    assert.ok(count >= 8 && count <= 8 + sent, `${count}`)
  },
)

postgresTest('a slow network is only slow', async (t, server) => {
  const { proxy, store } = await openBehindProxy(t, server, {
    statement_timeout: '5s',
    connect_timeout: '3s',
    lock_timeout: '5s',
  })
  proxy.delayMs = 60
  const results = await Promise.all(
    Array.from({ length: 30 }, () => store.reserveAttempt('key', { ...minute, limit: 12 })),
  )
  assert.equal(results.filter(({ granted }) => granted).length, 12)
})

postgresTest(
  'a server that refuses connections is unreachable, and used again when it accepts them',
  async (t, server) => {
    const { proxy, store } = await openBehindProxy(t, server)
    proxy.mode = 'refuse'
    proxy.cut()
    await until(() => proxy.connections() === 0, 'the connections to be gone')
    assert.equal(await outcomeOf(store.checkReady()), 'unreachable')
    assert.equal(await outcomeOf(store.reserveAttempt('key', minute)), 'unreachable')
    proxy.mode = 'pass'
    assert.equal(await outcomeOf(store.reserveAttempt('key', minute)), 'done')
  },
)

postgresTest('a lock is waited for briefly, and the change then not made', async (t, server) => {
  const { store, client, schema, countOf } = await openBehindProxy(t, server, {
    statement_timeout: '3s',
  })
  await store.reserveAttempt('key', minute)
  await lockAttempts(client, schema)
  assert.equal(await outcomeOf(store.reserveAttempt('key', minute)), 'locked')
  await client.query('COMMIT')
  assert.equal(await countOf('key'), 1)
  assert.equal((await store.reserveAttempt('key', minute)).count, 2)
})

postgresTest('a statement that takes too long is ended by the server', async (t, server) => {
  const { store, client, schema, countOf } = await openBehindProxy(t, server, {
    lock_timeout: '60s',
  })
  await store.reserveAttempt('key', minute)
  await lockAttempts(client, schema)
  assert.equal(await outcomeOf(store.reserveAttempt('key', minute)), 'busy')
  await client.query('COMMIT')
  assert.equal(await countOf('key'), 1)
})

postgresTest('no more callers wait than a connection serves in a moment', async (t, server) => {
  const { store, client, schema, countOf } = await openBehindProxy(t, server, {
    pool_size: '1',
    statement_timeout: '5s',
    lock_timeout: '5s',
    connect_timeout: '3s',
  })
  await store.reserveAttempt('key', minute)
  await lockAttempts(client, schema)
  const refusals: string[] = []
  let done = 0
  const calls = Array.from({ length: 400 }, async () => {
    try {
      await store.reserveAttempt('key', minute)
      done++
    } catch (error) {
      assert.ok(error instanceof StoreUnavailableError && error.reason === 'busy', String(error))
      refusals.push(error.message)
    }
  })
  await until(() => refusals.length >= 150, 'those to be refused who find the queue full')
  assert.deepEqual(new Set(refusals), new Set(['Too many callers wait for the database.']))
  await client.query('COMMIT')
  await Promise.all(calls)
  assert.equal(done + refusals.length, 400)
  assert.equal(await countOf('key'), 1 + done)
})

ownPostgresTest('leaves a standby as soon as there is a primary', async (t, server) => {
  const { store, client, proxy } = await openBehindProxy(t, server, { pool_size: '3' })
  for (const notice of [() => store.checkReady(), () => store.reserveAttempt('key', minute)]) {
    // Counts for connections that are made from now on, as when the name leads to another machine.
    await client.query('ALTER DATABASE postgres SET default_transaction_read_only = on')
    proxy.cut()
    // A read finds out that its connection is gone, and is asked again on another.
    await Promise.all([1, 2, 3].map(() => store.findSessionWithAccount('none')))
    const outcomes = await Promise.all([1, 2, 3].map(() => outcomeOf(notice())))
    assert.deepEqual(outcomes, ['read_only', 'read_only', 'read_only'])
    assert.equal(await store.findSessionWithAccount('none'), undefined)
    await client.query('ALTER DATABASE postgres RESET default_transaction_read_only')
    await until(async () => (await outcomeOf(notice())) === 'done', 'a connection to the primary')
    assert.equal(await outcomeOf(store.reserveAttempt('key', minute)), 'done')
  }
})

ownPostgresTest(
  'a server that was killed or restarted is used again without a fault',
  async (t, server) => {
    const store = await openPostgresStore(settingsOf(server.urlFor(t, { ...quick })))
    t.after(() => store.close())
    let counted = 0
    for (const end of [() => server.kill(), () => server.stop()]) {
      const before = await Promise.all(
        Array.from({ length: 20 }, () => store.reserveAttempt('key', minute)),
      )
      counted += before.length
      await end()
      assert.equal(await outcomeOf(store.checkReady()), 'unreachable')
      await server.start()
      // Every connection of the pool was broken, and none may show it now.
      const after = await Promise.all(
        Array.from({ length: 20 }, () => outcomeOf(store.reserveAttempt('key', minute))),
      )
      assert.deepEqual(new Set(after), new Set(['done']))
      counted += after.length
    }
    assert.equal((await store.reserveAttempt('key', minute)).count, counted + 1)
  },
)

postgresTest('closes although the server does not answer', async (t, server) => {
  const { proxy, store } = await openBehindProxy(t, server)
  await store.checkReady()
  proxy.mode = 'hold'
  const late = outcomeOf(store.reserveAttempt('key', minute))
  await store.close()
  assert.equal(await late, 'interrupted')
  assert.equal(await outcomeOf(store.checkReady()), 'closed')
})

async function lockAttempts(client: Client, schema: string): Promise<void> {
  await client.query('BEGIN')
  await client.query(`UPDATE ${schema}.attempts SET count = count`)
}
