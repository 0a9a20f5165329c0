// Two instances on one Redis, clients that refresh through both, and one who guesses at a password: what must hold
// whatever becomes of Redis.

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { until } from '../../../tools/until.ts'
import { call, generousLimits, logIn, register } from './caller.fixture.ts'
import { type HonestClient, keepRefreshing, untilAllRefresh } from './honest-client.fixture.ts'
import { createProgram, type RunningServer } from './program.fixture.ts'

const password = 'a long enough phrase 7'
const failedLogIns = 5

export type Instances = readonly [RunningServer, RunningServer]

export interface WorkingService {
  readonly instances: Instances
  readonly clients: readonly HonestClient[]
  /** Resolves when all is well: clients refresh, and guesses are refused. */
  checkHealthy(): Promise<void>
  /** Asserts that nobody was refused and no more guesses were tried than twice the limit. @returns how many, for people */
  finish(): Promise<string>
}

export async function startWorking(
  t: TestContext,
  databaseUrl: string,
  redisUrl: string,
): Promise<WorkingService> {
  const program = createProgram(t)
  const variables = {
    ...generousLimits,
    RATE_LIMIT_LOGIN: `${failedLogIns}/1h`,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    COUNTERSIGN_SECRET: 'a master secret of 32 characters or more',
    JWT_ISSUER: 'https://auth.example.com',
    LOG_LEVEL: 'silent',
  }
  const instances = [await program.start(variables), await program.start(variables)] as const
  const clients = await Promise.all([0, 1, 2, 3].map((i) => enter(instances, `user-${i}`)))
  await register(instances[0].url, 'victim', password)
  const guesses: number[] = []
  const stop = new AbortController()
  t.after(() => stop.abort())
  const running = [
    ...clients.map((client) => keepRefreshing(client, stop.signal)),
    keepGuessing(instances, guesses, stop.signal),
  ]
  return {
    instances,
    clients,
    checkHealthy: async () => {
      const known = guesses.length
      await untilAllRefresh(clients, 10)
      await until(() => guesses.length > known + 20, 'guesses to be refused')
      await untilReadiness(instances, 'ok')
    },
    finish: async () => {
      stop.abort()
      await Promise.all(running)
      for (const { seen } of clients) assert.deepEqual(new Set(seen), new Set([200]))
      const tried = guesses.filter((status) => status === 401).length
      assert.ok(tried >= failedLogIns && tried <= 2 * failedLogIns, `${tried} guesses were tried`)
      return `${tried} of ${guesses.length} guesses were tried`
    },
  }
}

async function enter(instances: Instances, username: string): Promise<HonestClient> {
  await register(instances[0].url, username, password)
  const { token, refreshToken } = await logIn(instances[1].url, username, password)
  return { instances, token, refreshToken, refreshed: 0, seen: [] }
}

/** One who guesses at a password through both instances by turns, as fast as they answer. */
async function keepGuessing(
  instances: Instances,
  statuses: number[],
  signal: AbortSignal,
): Promise<void> {
  for (let turn = 0; !signal.aborted; turn++) {
    const { url } = turn % 2 === 0 ? instances[0] : instances[1]
    const body = { username: 'victim', password: `a wrong guess ${turn}` }
    const { status, code } = await call(url, '/api/auth/login', { body })
    assert.ok(status === 401 || status === 429 || code === 'busy', `${status} ${code}`)
    statuses.push(status)
  }
}

export async function untilReadiness(instances: Instances, wanted: string): Promise<void> {
  for (const { url } of instances) {
    await until(async () => {
      const response = await fetch(`${url}/health/ready`)
      assert.equal(response.status, 200, 'the database is there')
      return ((await response.json()) as { status: string }).status === wanted
    }, wanted)
  }
}

/** Without the bus, too, one instance hears of what another has ended. */
export async function checkRevocation([a, b]: Instances, username: string): Promise<void> {
  const { token, refreshToken } = await logIn(a.url, username, password)
  assert.equal((await call(b.url, '/api/users', { token })).status, 200)
  const body = { refreshToken }
  assert.equal((await call(a.url, '/api/auth/logout', { body })).status, 204)
  const isRevoked = async () => (await call(b.url, '/api/users', { token })).status === 401
  await until(isRevoked, 'the other instance to hear of it')
}
