import { join } from 'node:path'
import { parsePostgresUrl } from '../packages/server/src/config/parse-postgres-url.ts'
import type { DatabaseSettings } from '../packages/server/src/config/settings.ts'
import type { Bench } from './bench.ts'
import { fillPostgres, fillSqlite } from './bulk-population.ts'
import { compare, type Series } from './compare.ts'
import { interleave } from './interleave.ts'
import type { HotQueryRates } from './limits/hot-queries.ts'
import { runPinned } from './pinned-process.ts'
import { forProcesses } from './plan.ts'
import { type PostgresPlace, startBenchPostgres } from './postgres-server.ts'
import type { Result, Section } from './result.ts'

interface Sized {
  readonly database: DatabaseSettings
  readonly size: number
}

/** The store's hot queries on a large database and on a small one. */
export async function measureQueryGrowth(bench: Bench): Promise<Section> {
  const { plan, cores, directory } = bench
  const sizes = [plan.smallTable, plan.largeTable]
  const sqlite = sizes.map((size): Sized => {
    return { database: { kind: 'sqlite', file: join(directory, `growth-${size}.db`) }, size }
  })
  for (const { database, size } of sqlite) {
    if (database.kind === 'sqlite') await fillSqlite(database.file, size)
  }
  const results = await compareSizes(bench, 'SQLite', sqlite)
  const notes: string[] = []
  await using postgres = await startBenchPostgres(cores)
  if (postgres === undefined) {
    notes.push('PostgreSQL was not measured: it is not installed.')
  } else {
    const sized: Sized[] = []
    for (const size of sizes) {
      const place = postgres.newDatabase()
      await fillPostgres(place, size)
      sized.push({ database: settingsOf(place), size })
    }
    results.push(...(await compareSizes(bench, 'PostgreSQL', sized)))
  }
  return {
    title: 'Growth of the hot queries',
    method: `As many sessions as accounts; 64 callers draw from all of them at random, in one process, through the store. The time of one call at full load; writes include their synced commit. PostgreSQL's shared_buffers is a quarter of the memory.`,
    results,
    notes,
    summary: 'worst ratio',
  }
}

function settingsOf({ url }: PostgresPlace): DatabaseSettings {
  const parsed = parsePostgresUrl(url)
  if (!parsed.ok) throw new Error(parsed.mistakes.join('\n'))
  return parsed.settings
}

async function compareSizes(
  { plan, cores }: Bench,
  name: string,
  [small, large]: readonly Sized[],
): Promise<Result[]> {
  if (small === undefined || large === undefined) throw new Error('There are two sizes')
  const script = join(import.meta.dirname, 'limits/hot-queries.ts')
  const turnsOf = (sized: Sized) => async () => {
    const words = [JSON.stringify(sized.database), `${sized.size}`, `${plan.hotQueryMs}`]
    const command = [process.execPath, '--conditions=@countersign/source', script, ...words]
    return JSON.parse(await runPinned(cores.server, command)) as HotQueryRates
  }
  const turns = await interleave(forProcesses(plan), {
    small: turnsOf(small),
    large: turnsOf(large),
  })
  const target = { of: 'ratio', rule: 'below', bound: 1.3 } as const
  return Object.keys(turns.small[0] ?? {}).map((query) => {
    const series = (label: string, rounds: readonly HotQueryRates[]): Series => {
      const values = rounds.map((rates) => 1e6 / (rates[query] ?? Number.NaN))
      return { name: label, unit: 'µs', values }
    }
    const [few, many] = [small, large].map(({ size }) => `${size.toLocaleString('en')} accounts`)
    const ofLarge = series(`${name}, ${query}, ${many}`, turns.large)
    return compare(ofLarge, series(few ?? '', turns.small), target)
  })
}
