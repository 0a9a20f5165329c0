import assert from 'node:assert/strict'
import type { Pool, QueryConfig } from 'pg'
import { onPostgres, postgresTest } from '../../../../tools/postgres.fixture.ts'
import { oddTexts } from '../stores/contract/subject.ts'
import { settingsOf } from '../stores/sql/postgres.fixture.ts'
import { connectionOptionsOf } from './connection-options.ts'
import { loadPostgresDriver } from './load-driver.ts'
import { sessionClient } from './set-up-session.ts'
import {
  type Arguments,
  type KnownRows,
  type PostgresAnswer,
  sendPrepared,
} from './prepared-query.ts'

onPostgres('prepared statements', () => {
  postgresTest('answer as the driver does, whatever goes in and comes out', async (t, server) => {
    const { client, send } = await connect(t, server.urlFor(t))
    const text = `SELECT $1::text AS text, $2::bigint AS number, $3::bytea AS bytes, $4::text AS nothing,
      coalesce($2, 7) AS "odd ""name""" FROM generate_series(1, $5::int)`
    const query = (...values: unknown[]): QueryConfig => ({ name: 'every kind', text, values })
    await send(query('first', 1, Buffer.of(1), null, 1))
    for (const odd of [...oddTexts, '', 'x'.repeat(100_000)]) {
      for (const bytes of [new Uint8Array(), Uint8Array.of(0, 255, 92), Buffer.alloc(70_000, 7)]) {
        const values = [odd, Number.MAX_SAFE_INTEGER, bytes, null, 3]
        const answer = await send(query(...values))
        const { rows, rowCount } = await client.query(query(...values))
        assert.deepEqual(answer, { rows: rows.map((row: object) => ({ ...row })), rowCount })
        assert.equal(answer.rows[2]?.['text'], odd)
      }
    }
    assert.equal((await send(query(null, null, null, null, 0))).rowCount, 0)
  })

  postgresTest('count what they change, and refuse as the driver does', async (t, server) => {
    const { client, send } = await connect(t, server.urlFor(t))
    await client.query('CREATE TEMP TABLE things (id bigint PRIMARY KEY, part text)')
    const add = (id: unknown) =>
      send({ name: 'add', text: 'INSERT INTO things VALUES ($1, $2)', values: [id, 'a'] })
    for (let id = 0; id < 5; id++) assert.equal((await add(id)).rowCount, 1)
    await assert.rejects(add(3), { code: '23505' })
    await assert.rejects(add('no number'), { code: '22P02' })
    await assert.rejects(add({ id: 9 }), TypeError)
    assert.equal((await add(9)).rowCount, 1, 'the connection goes on')
    const change = () =>
      send({ name: 'change', text: 'UPDATE things SET part = $1 WHERE id < $2', values: ['b', 4] })
    assert.deepEqual(await change(), { rows: [], rowCount: 4 })
    assert.deepEqual(await change(), { rows: [], rowCount: 4 })
  })

  postgresTest(
    'answer in their order when they go together, and fail together',
    async (t, server) => {
      const { sendAll, packets } = await connect(t, server.urlFor(t))
      const text = 'SELECT $1::text AS text, 6 / $2::int AS part FROM generate_series(1, $2::int)'
      const statement = { name: 'together', text }
      const executions = Array.from({ length: 40 }, (_, index) => [
        `${'x'.repeat(index)}!`,
        1 + (index % 3),
      ])
      for (let round = 0; round < 3; round++) {
        const answers = await sendAll(statement, executions)
        assert.deepEqual(
          answers.map(({ rows, rowCount }) => [rows[0]?.['text'], rows.length, rowCount]),
          executions.map(([text, count]) => [text, count, count]),
        )
      }
      assert.equal(packets(), 3, 'one packet each time')
      await assert.rejects(
        sendAll({ name: 'divide', text: 'SELECT 6 / $1::int' }, [[1], [0], [2]]),
        {
          code: '22012',
        },
      )
      await assert.rejects(
        sendAll({ name: 'divide', text: 'SELECT 6 / $1::int' }, [[1], [0], [2]]),
        {
          code: '22012',
        },
      )
      await assert.rejects(
        sendAll(statement, [
          ['fine', 1],
          [Symbol('odd'), 1],
        ]),
        TypeError,
      )
      assert.equal((await sendAll(statement, [['the connection goes on', 1]])).length, 1)
    },
  )

  postgresTest('end at the time limit, and when the connection is cut', async (t, server) => {
    const sleep = { name: 'sleep', text: 'SELECT pg_sleep($1)' }
    const limited = await connect(t, server.urlFor(t, { statement_timeout: '50ms' }))
    await limited.send({ ...sleep, values: [0] })
    await assert.rejects(limited.send({ ...sleep, values: [20] }), { code: '57014' })
    assert.equal((await limited.send({ ...sleep, values: [0] })).rowCount, 1)
    const { client, other, send } = await connect(t, server.urlFor(t))
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
    await send({ ...sleep, values: [0] })
    const waiting = assert.rejects(send({ ...sleep, values: [20] }))
    await other.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
    await waiting
    await assert.rejects(send({ ...sleep, values: [0] }))
  })
})

async function connect(t: { after(end: () => Promise<void>): void }, url: string) {
  const driver = await loadPostgresDriver()
  const settings = settingsOf(url)
  const Client = sessionClient(driver, settings)
  const pool: Pool = new driver.Pool({ ...connectionOptionsOf(settings), Client, max: 2 })
  pool.on('error', () => undefined)
  const [client, other] = [await pool.connect(), await pool.connect()]
  client.on('error', () => undefined)
  t.after(async () => {
    client.release(true)
    other.release(true)
    await pool.end()
  })
  const known: KnownRows = new Map()
  let packets = 0
  const counting = new Proxy(client, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (name !== 'query') return typeof value === 'function' ? value.bind(target) : value
      return (query: object, ...rest: unknown[]) => {
        if ('submit' in query) packets++
        return Reflect.apply(value as () => unknown, target, [query, ...rest] as never)
      }
    },
  })
  const sendAll = (statement: { name: string; text: string }, executions: readonly Arguments[]) =>
    new Promise<PostgresAnswer[]>((resolve, reject) => {
      sendPrepared(counting, { statement, all: executions }, known, (error, answers) => {
        if (answers) resolve(answers)
        else reject(error ?? new Error('Neither an error nor an answer'))
      })
    })
  const send = async ({ name = '', text, values = [] }: QueryConfig): Promise<PostgresAnswer> => {
    const [answer] = await sendAll({ name, text }, [values])
    assert.ok(answer)
    return answer
  }
  return { client, other, send, sendAll, packets: () => packets }
}
