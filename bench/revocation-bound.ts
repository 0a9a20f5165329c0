import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { NotAvailable } from '../tools/servers/database-server.ts'
import { redisServer } from '../tools/servers/redis.ts'
import type { Bench } from './bench.ts'
import { stateAlone } from './compare.ts'
import { startCountersign } from './contenders.ts'
import { populate } from './population.ts'
import { type PostgresPlace, startBenchPostgres } from './postgres-server.ts'
import type { Result, Section, Target } from './result.ts'
import { percentile } from './statistics.ts'

/** One way in which an instance hears of what another has ended. */
interface Way {
  readonly name: string
  /** The first act of each measurement comes at a random moment within this time: polls have a rhythm. */
  readonly rhythmMs: number
  readonly place?: PostgresPlace
  readonly variables?: Readonly<Record<string, string>>
  readonly hasBus: boolean
}

/** How long a log-out on one instance takes to reach another, on each bus and by polling. */
export async function measureRevocationBound(bench: Bench): Promise<Section> {
  const { plan, cores } = bench
  await using resources = new AsyncDisposableStack()
  const postgres = resources.use(await startBenchPostgres(cores))
  const redisUrl = await startRedis(resources)
  const notes: string[] = []
  const ways: Way[] = [{ name: 'by polling, SQLite', rhythmMs: 500, hasBus: false }]
  if (postgres === undefined) {
    notes.push('LISTEN/NOTIFY and Redis were not measured: PostgreSQL is not installed.')
  } else {
    const onBus = { rhythmMs: 20, hasBus: true }
    ways.push({ ...onBus, name: 'by LISTEN/NOTIFY, PostgreSQL', ...placed(postgres.newDatabase()) })
    if (redisUrl === undefined) notes.push('Redis was not measured: it is not installed.')
    else {
      const withRedis = placed(postgres.newDatabase(), { REDIS_URL: redisUrl })
      ways.push({ ...onBus, name: 'by Redis, PostgreSQL', ...withRedis })
    }
  }
  const results: Result[] = []
  for (const [index, way] of ways.entries()) {
    const times = await measureWay(bench, join(bench.directory, `revocation-${index}`), way)
    results.push(...resultsOf(way, times))
  }
  return {
    title: 'Revocation across instances',
    method: `Two instances; from the answer to a log-out on the first until the second refuses the session's access token, ${plan.revocations} times. The second is asked again as soon as it has answered.`,
    results,
    notes,
  }
}

function placed(place: PostgresPlace, more: Readonly<Record<string, string>> = {}) {
  return { place, variables: { ...place.variables, ...more } }
}

async function startRedis(resources: AsyncDisposableStack): Promise<string | undefined> {
  try {
    const redis = await redisServer.start()
    resources.defer(() => redis.stop())
    return redis.urlOf('0')
  } catch (error) {
    if (error instanceof NotAvailable) return undefined
    throw error
  }
}

function resultsOf({ name, hasBus }: Way, times: readonly number[]): Result[] {
  const row = (figure: string, ms: number, bound?: number): Result => {
    const target: Target | undefined =
      bound === undefined ? undefined : { of: 'value', rule: 'below', bound }
    return stateAlone({ name: `${name}: ${figure}`, unit: 'ms', values: [ms] }, target)
  }
  return [
    row('p50', percentile(times, 50), hasBus ? 20 : undefined),
    row('p99', percentile(times, 99)),
    row('longest', Math.max(...times), 1_000),
  ]
}

async function measureWay({ plan, cores }: Bench, home: string, way: Way): Promise<number[]> {
  const population = await populate(home, plan.revocations, way.place)
  const variables = way.variables ?? {}
  await using first = await startCountersign(home, cores.all, variables)
  await using second = await startCountersign(home, cores.all, variables)
  const agent = new Agent({ keepAlive: true })
  const times: number[] = []
  for (const token of readFileSync(population.accessFile, 'utf8').trimEnd().split('\n')) {
    await expectStatus(200, `${second.url}/api/users`, 'GET', agent, token)
    await sleep(Math.random() * way.rhythmMs)
    await expectStatus(204, `${first.url}/api/auth/logout`, 'POST', agent, token)
    const ended = performance.now()
    while ((await ask(`${second.url}/api/users`, 'GET', agent, token)) !== 401);
    times.push(performance.now() - ended)
  }
  agent.destroy()
  return times
}

async function expectStatus(wanted: number, ...call: Parameters<typeof ask>): Promise<void> {
  const status = await ask(...call)
  if (status !== wanted) throw new Error(`${call[1]} ${call[0]} was answered ${status}`)
}

function ask(url: string, method: string, agent: Agent, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` }
    const call = request(url, { method, agent, headers })
    call.once('response', (response) => {
      response.once('end', () => resolve(response.statusCode ?? 0)).resume()
    })
    call.once('error', reject)
    call.end()
  })
}
