// The primary dies under load and a standby takes its place, at an address that follows the primary.

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { startStandby, type Standby } from '../tools/postgres-standby.fixture.ts'
import { type OwnPostgresServer, ownPostgresTest } from '../tools/postgres.fixture.ts'
import { startProxy, type TcpProxy } from '../tools/tcp-proxy.fixture.ts'
import { until } from '../tools/until.ts'
import {
  call,
  generousLimits,
  logIn,
  register,
} from '../packages/countersign/src/caller.fixture.ts'
import {
  type HonestClient,
  keepRefreshing,
  untilAllRefresh,
} from '../packages/countersign/src/honest-client.fixture.ts'
import {
  createProgram,
  type Program,
  type RunningServer,
} from '../packages/countersign/src/program.fixture.ts'

const password = 'a long enough phrase 7'

ownPostgresTest(
  'a failover to an asynchronous standby logs nobody out, though the last writes are lost',
  async (t, primary) => {
    const service = await startService(t, primary, 'asynchronous')
    const { instances, clients, standby, schema } = service
    const stop = new AbortController()
    t.after(() => stop.abort())
    const running = clients.map((client) => keepRefreshing(client, stop.signal))
    await untilAllRefresh(clients, 5)
    await refuseToStart(service)
    standby.network.mode = 'hold'
    await untilAllRefresh(clients, 20)
    await failOver(service, primary)
    await untilAllRefresh(clients, 10)
    stop.abort()
    await Promise.all(running)

    const client = await standby.server.connect(t)
    const { rows } = await client.query<{ sessions: number }>(
      `SELECT count(DISTINCT session_id)::int AS sessions FROM ${schema}.audit_events
        WHERE type = 'session.restored'`,
    )
    assert.deepEqual(rows, [{ sessions: clients.length }], 'each moved forward, and said so')
    for (const [i, { token }] of clients.entries()) {
      assert.equal((await call(instances[i % 2]?.url ?? '', '/api/users', { token })).status, 200)
    }
  },
)

ownPostgresTest(
  'a failover to a synchronous standby loses nothing that was acknowledged',
  async (t, primary) => {
    const service = await startService(t, primary, 'synchronous')
    const { instances, clients, standby, schema } = service
    const stop = new AbortController()
    t.after(() => stop.abort())
    const running = clients.map((client) => keepRefreshing(client, stop.signal))
    const registered = keepRegistering(instances, stop.signal)
    await untilAllRefresh(clients, 20)
    await failOver(service, primary)
    await untilAllRefresh(clients, 10)
    stop.abort()
    await Promise.all(running)
    const acknowledged = await registered

    const client = await standby.server.connect(t)
    const { rows } = await client.query<{ username: string }>(
      `SELECT username FROM ${schema}.users`,
    )
    const kept = new Set(rows.map(({ username }) => username))
    assert.ok(acknowledged.length > 5)
    assert.deepEqual(
      acknowledged.filter((username) => !kept.has(username)),
      [],
    )
    const restored = await client.query(
      `SELECT 1 FROM ${schema}.audit_events WHERE type = 'session.restored'`,
    )
    assert.equal(restored.rowCount, 0, 'no refresh was lost')
  },
)

interface Service {
  readonly program: Program
  readonly variables: Readonly<Record<string, string>>
  readonly instances: readonly [RunningServer, RunningServer]
  readonly clients: readonly HonestClient[]
  readonly standby: Standby
  /** Where the instances think that the database is. */
  readonly address: TcpProxy
  readonly schema: string
}

async function startService(
  t: TestContext,
  primary: OwnPostgresServer,
  kind: 'asynchronous' | 'synchronous',
): Promise<Service> {
  const standby = await startStandby(t, primary, kind)
  const address = await startProxy(t, primary.port)
  const url = new URL(primary.urlFor(t, { connect_timeout: '1s', statement_timeout: '2s' }))
  url.port = `${address.port}`
  const program = createProgram(t)
  const variables = {
    ...generousLimits,
    DATABASE_URL: url.href,
    COUNTERSIGN_SECRET: 'a master secret of 32 characters or more',
    JWT_ISSUER: 'https://auth.example.com',
    LOG_LEVEL: 'silent',
  }
  const instances = [await program.start(variables), await program.start(variables)] as const
  const clients = await Promise.all(
    [0, 1, 2, 3].map(async (i): Promise<HonestClient> => {
      await register(instances[0].url, `user-${i}`, password)
      const { token, refreshToken } = await logIn(instances[1].url, `user-${i}`, password)
      return { instances, token, refreshToken, refreshed: 0, seen: [] }
    }),
  )
  const schema = url.searchParams.get('schema') ?? ''
  return { program, variables, instances, clients, standby, address, schema }
}

/** At an address that leads to the standby: it has all tables, and takes no change. */
async function refuseToStart({ program, variables, standby }: Service): Promise<void> {
  const url = new URL(variables['DATABASE_URL'] ?? '')
  url.port = `${standby.server.port}`
  for (const [word, wanted] of [
    ['start', 1],
    ['doctor', 3],
  ] as const) {
    const wrong = { variables: { ...variables, DATABASE_URL: url.href, PORT: '0' } }
    const { code, out, err } = await program.run([word], wrong)
    assert.equal(code, wanted, out + err)
    assert.match(out + err, /is a standby or read-only: name the primary/)
  }
}

/** The address leads to the standby before that is the primary, as a name does which is changed too early. */
async function failOver(
  { instances, clients, standby, address }: Service,
  primary: OwnPostgresServer,
): Promise<void> {
  await primary.kill()
  await until(() => clients.every(({ seen }) => seen.includes(503)), 'everybody to hear 503')
  address.target = standby.server.port
  address.cut()
  for (const client of clients) client.seen = []
  await until(() => clients.every(({ seen }) => seen.includes(503)), 'a standby takes no change')
  for (const { url } of instances) {
    assert.equal((await fetch(`${url}/health/ready`)).status, 503)
  }
  await standby.promote()
  for (const { url } of instances) {
    await until(async () => {
      const response = await fetch(`${url}/health/ready`)
      return (
        response.status === 200 && ((await response.json()) as { bus: string }).bus === 'connected'
      )
    }, 'the service to be whole again')
  }
  await untilAllRefresh(clients, 2)
  for (const client of clients) client.seen = []
  await untilAllRefresh(clients, 10)
  assert.deepEqual(new Set(clients.flatMap(({ seen }) => seen)), new Set([200]))
}

/** @returns the names that were acknowledged */
async function keepRegistering(
  instances: readonly RunningServer[],
  signal: AbortSignal,
): Promise<string[]> {
  const acknowledged: string[] = []
  for (let turn = 0; !signal.aborted; turn++) {
    const username = `newcomer-${turn}`
    const { url } = instances[turn % 2] ?? { url: '' }
    const { status } = await call(url, '/api/auth/register', { body: { username, password } })
    if (status === 201) acknowledged.push(username)
    else assert.equal(status, 503)
  }
  return acknowledged
}
