import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { compare, rateOf, type Series } from './compare.ts'
import { startCountersign } from './contenders.ts'
import { interleave } from './interleave.ts'
import { processorTime } from './notes.ts'
import { runPinned } from './pinned-process.ts'
import { populate } from './population.ts'
import { type PostgresPlace, startBenchPostgres } from './postgres-server.ts'
import type { Section, Target } from './result.ts'
import { turnsOf } from './server-under-load.ts'
import { partsInTurn, splitLines } from './split-lines.ts'
import { forServers } from './plan.ts'

const clients = 64

function series(name: string, values: readonly number[]): Series {
  return { name, unit: '/s', values }
}

function atLeast(bound: number): Target {
  return { of: 'ratio', rule: 'at least', bound }
}

/** One server process on PostgreSQL, against the same statements with nothing around them. */
export async function measurePostgres(bench: Bench): Promise<Section> {
  const { cores, directory } = bench
  const plan = forServers(bench.plan)
  const title = 'On PostgreSQL'
  await using postgres = await startBenchPostgres(cores)
  if (postgres === undefined) {
    return { title, method: 'Not measured: PostgreSQL is not installed.', results: [], notes: [] }
  }
  const place = postgres.newDatabase()
  const population = await populate(join(directory, 'postgres'), plan.fewAccounts, place)
  const tokens = partsInTurn(splitLines(population.refreshFile, plan.warmUpRounds + plan.rounds))
  await using ours = await startCountersign(population.directory, cores.server, place.variables)
  const load = { connections: clients, seconds: plan.seconds }
  const bare = (what: 'pair' | 'read') => () =>
    measureBare(bench, what, place, population.spareSessionsFile)
  const refresh = { ...load, script: 'refresh.lua' }
  const profile = { ...load, script: 'bearer.lua' }
  const turns = await interleave(plan, {
    pair: bare('pair'),
    refreshes: turnsOf(ours, cores.generator, refresh, tokens),
    read: bare('read'),
    profiles: turnsOf(ours, cores.generator, profile, () => population.accessFile),
  })
  return {
    title,
    method: `${clients} clients, one server process, ${postgres.version} on the same machine and all of its cores, every commit synced. Beside it the same prepared statements from ${clients} callers in one process, on a pool of the same size.`,
    results: [
      compare(
        rateOf('POST /api/auth/refresh', turns.refreshes),
        series('bare select and compare-and-swap', turns.pair),
        atLeast(0.7),
      ),
      compare(
        rateOf('GET /api/users', turns.profiles),
        series('bare select', turns.read),
        atLeast(0.6),
      ),
    ],
    notes: [
      `Processor time of the server: ${processorTime(turns.refreshes)} a refresh, ${processorTime(turns.profiles)} a profile read. The load generator shares the cores with PostgreSQL; the bare statements need none.`,
    ],
  }
}

async function measureBare(
  { plan, cores }: Bench,
  what: 'pair' | 'read',
  { url }: PostgresPlace,
  sessionsFile: string,
): Promise<number> {
  const script = join(import.meta.dirname, 'limits/bare-statements.ts')
  const words = [what, url, sessionsFile, `${clients}`, `${plan.seconds}`]
  const command = [process.execPath, '--conditions=@countersign/source', script, ...words]
  return Number(await runPinned(cores.server, command))
}
