// A standby of a test's own PostgreSQL server, which streams from it by way of a proxy: what the network between the two
// holds back is what a failover to it loses.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Client } from 'pg'
import { type OwnPostgresServer, startPostgres } from './postgres.fixture.ts'
import { startProxy, type TcpProxy } from './tcp-proxy.fixture.ts'
import { until } from './until.ts'

export interface Standby {
  readonly server: OwnPostgresServer
  /** Between the primary and it. */
  readonly network: TcpProxy
  /** Makes it the primary, with what it has received. */
  promote(): Promise<void>
}

/** @param kind whether an acknowledged change is on the disk of both */
export async function startStandby(
  t: TestContext,
  primary: OwnPostgresServer,
  kind: 'asynchronous' | 'synchronous',
): Promise<Standby> {
  const network = await startProxy(t, primary.port)
  // A copy of a server that stands still needs no tool of its own.
  await primary.stop()
  const server = await startPostgres(
    t,
    [`primary_conninfo=host=127.0.0.1 port=${network.port} user=postgres application_name=standby`],
    (data) => {
      execFileSync('cp', ['-a', join(primary.directory, 'data'), data])
      writeFileSync(join(data, 'standby.signal'), '')
    },
  )
  await primary.start()
  const client = await primary.connect(t)
  if (kind === 'synchronous') await requireStandby(client)
  await until(() => isStreaming(client, kind), 'the standby to stream', 60_000)
  const standby = await server.connect(t)
  return {
    server,
    network,
    promote: async () => {
      const { rows } = await standby.query<{ done: boolean }>('SELECT pg_promote() AS done')
      assert.deepEqual(rows, [{ done: true }])
    },
  }
}

async function requireStandby(client: Client): Promise<void> {
  await client.query(`ALTER SYSTEM SET synchronous_standby_names = 'standby'`)
  await client.query('SELECT pg_reload_conf()')
}

async function isStreaming(client: Client, kind: 'asynchronous' | 'synchronous'): Promise<boolean> {
  const { rows } = await client.query<{ sync_state: string }>(
    `SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'`,
  )
  return rows[0]?.sync_state === (kind === 'synchronous' ? 'sync' : 'async')
}
