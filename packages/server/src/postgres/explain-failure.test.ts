import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Client } from 'pg'
import { ownPostgresTest } from '../../../../tools/postgres.fixture.ts'
import { settingsOf } from '../stores/sql/postgres.fixture.ts'
import { createConnectionPool } from './connection-pool.ts'
import { loadPostgresDriver } from './load-driver.ts'

// A server reads it when it starts, and heeds it where lc_messages names a locale.
process.env['LANGUAGE'] = 'de'

ownPostgresTest(
  'what the server refuses in German has not happened; what it ends may have',
  async (t, server) => {
    const client = await server.connect(t)
    const settings = settingsOf(server.urlFor(t, { pool_size: '1', lock_timeout: '50ms' }))
    await client.query(`CREATE TABLE counters AS SELECT i::text AS key, 0 AS count
      FROM generate_series(1, 3) AS i`)
    if (!(await speaksGerman(t, client))) return
    const pool = createConnectionPool(await loadPostgresDriver(), settings)
    t.after(() => pool.close())
    const text = 'UPDATE public.counters SET count = count + 1 WHERE key = $1'
    const changeAll = async (): Promise<unknown[]> => {
      const outcomes = await Promise.allSettled(
        ['1', '2', '3'].map((key) => pool.writeRow({ name: 'change', text, values: [key] }, key)),
      )
      return outcomes.map((outcome) =>
        outcome.status === 'fulfilled' ? outcome.value.rowCount : outcome.reason.reason,
      )
    }
    const pidOf = async (): Promise<unknown> =>
      (await pool.read({ name: 'pid', text: 'SELECT pg_backend_pid() AS pid' })).rows[0]?.['pid']
    const pid = await pidOf()
    await client.query('BEGIN')
    await client.query("UPDATE counters SET count = count WHERE key = '2'")
    assert.deepEqual(await changeAll(), [1, 'locked', 1])
    assert.equal(await pidOf(), pid, 'the connection goes on')
    await client.query('ROLLBACK')
    const end = { name: 'end', text: 'SELECT pg_terminate_backend(pg_backend_pid())' }
    await assert.rejects(pool.write(end), { reason: 'interrupted' })
    assert.notEqual(await pidOf(), pid)
  },
)

async function speaksGerman(t: TestContext, client: Client): Promise<boolean> {
  try {
    await client.query("ALTER DATABASE postgres SET lc_messages = 'C.utf8'")
    await client.query("SET lc_messages = 'C.utf8'")
    await client.query('SELECT 1 / 0')
  } catch (error) {
    if ((error as { severity?: string }).severity === 'FEHLER') return true
  }
  t.skip('Not run: the server has no German messages')
  return false
}
