import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Journal } from './baseline-tutorial/database.ts'
import { populateTutorial } from './baseline-tutorial/populate.ts'
import type { Bench } from './bench.ts'
import { compare, rateOf } from './compare.ts'
import { startBareHttp, startCountersign, startTutorial, tutorialAccounts } from './contenders.ts'
import { interleave } from './interleave.ts'
import { noteSlowGenerator, processorTime } from './notes.ts'
import { runPinned } from './pinned-process.ts'
import { type Population, populate } from './population.ts'
import { recordAnswer } from './recorded-answer.ts'
import type { Section } from './result.ts'
import { type ServerUnderLoad, turnsOf } from './server-under-load.ts'
import { partsInTurn, splitLines } from './split-lines.ts'
import { forServers } from './plan.ts'

const clients = 64

/** POST /api/auth/refresh with durable commits, against the bare swap, bare HTTP, and the tutorial's design. */
export async function measureRefresh(bench: Bench): Promise<Section> {
  const { cores } = bench
  const plan = forServers(bench.plan)
  const home = join(bench.directory, 'refresh')
  const population = await populate(home, plan.fewAccounts)
  // The first part is for the recorded answer.
  const parts = 1 + plan.warmUpRounds + plan.rounds
  const tokens = partsInTurn(splitLines(population.refreshFile, parts))
  const tutorialTokens = async (journal: Journal): Promise<() => string> => {
    const made = await populateTutorial(home, {
      ...tutorialAccounts,
      journal,
      size: plan.fewAccounts,
    })
    return partsInTurn(splitLines(made.refreshFile, parts))
  }
  const walTokens = await tutorialTokens('wal')
  const asOpenedTokens = await tutorialTokens('as-opened')
  await using ours = await startCountersign(home, cores.server)
  await using bare = await startBareHttp(home, cores.server, await recordRefresh(ours, tokens()))
  await using wal = await startTutorial(home, cores.server, 'wal')
  await using asOpened = await startTutorial(home, cores.server, 'as-opened')

  const load = { script: 'refresh.lua', connections: clients, seconds: plan.seconds }
  const turns = await interleave(plan, {
    swap: () => measureBareSwap(bench, population),
    ours: turnsOf(ours, cores.generator, load, tokens),
    bare: turnsOf(bare, cores.generator, load, () => population.refreshFile),
    wal: turnsOf(wal, cores.generator, load, walTokens),
    asOpened: turnsOf(asOpened, cores.generator, load, asOpenedTokens),
  })
  const name = 'Countersign, cookie and CSRF token'
  const swap = {
    name: 'bare compare-and-swap, 64 to a commit',
    unit: '/s',
    values: turns.swap,
  } as const
  const target = { of: 'value', rule: 'at least', bound: 5_000 } as const
  return {
    title: 'POST /api/auth/refresh',
    method: `${clients} clients, each with its own session and one refresh under way; every answer waits for its commit to be synced.`,
    results: [
      compare(rateOf(name, turns.ours), swap, target),
      compare(rateOf(name, turns.ours), rateOf('bare node:http, same bytes', turns.bare)),
      compare(rateOf("The tutorial's design, WAL, synchronous=FULL", turns.wal), swap),
      compare(rateOf("The tutorial's design, database as opened", turns.asOpened), swap),
    ],
    notes: [
      `Processor time of the server for one refresh: ${processorTime(turns.ours)}. The same generator drives bare node:http at the rate above, so up to there it is not what limits.`,
      ...noteSlowGenerator('bare node:http', turns.bare),
    ],
  }
}

function recordRefresh(server: ServerUnderLoad, tokenFile: string) {
  const [token = '', csrf = ''] = readFileSync(tokenFile, 'utf8').split(/\s/, 2)
  return recordAnswer(`${server.url}/api/auth/refresh`, {
    method: 'POST',
    headers: { cookie: `refreshToken=${token}`, 'x-csrf-token': csrf },
  })
}

/** On the database of the running server. */
async function measureBareSwap({ plan, cores }: Bench, population: Population): Promise<number> {
  const script = join(import.meta.dirname, 'limits/bare-swap.ts')
  const { databaseFile, spareSessionsFile } = population
  const words = [databaseFile, spareSessionsFile, `${plan.seconds}`]
  return Number(await runPinned(cores.server, [process.execPath, script, ...words]))
}
