import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { populateTutorial } from './baseline-tutorial/populate.ts'
import type { Bench } from './bench.ts'
import { compare, rateOf } from './compare.ts'
import { startBareHttp, startCountersign, startTutorial, tutorialAccounts } from './contenders.ts'
import { interleave } from './interleave.ts'
import { noteSlowGenerator, processorTime } from './notes.ts'
import { populate } from './population.ts'
import { recordAnswer } from './recorded-answer.ts'
import type { Section } from './result.ts'
import { turnsOf } from './server-under-load.ts'
import { forServers } from './plan.ts'

const connections = 64

/** GET /api/users with a token, against node:http that answers the same bytes, and the tutorial's design. */
export async function measureProfile(bench: Bench): Promise<Section> {
  const { cores, directory } = bench
  const plan = forServers(bench.plan)
  const population = await populate(join(directory, 'profile'), plan.fewAccounts)
  const tutorialPopulation = await populateTutorial(population.directory, {
    ...tutorialAccounts,
    journal: 'wal',
    size: plan.fewAccounts,
  })
  await using ours = await startCountersign(population.directory, cores.server)
  const answer = await recordAnswer(`${ours.url}/api/users`, {
    method: 'GET',
    headers: { authorization: `Bearer ${firstLine(population.accessFile)}` },
  })
  await using bare = await startBareHttp(population.directory, cores.server, answer)
  await using tutorial = await startTutorial(population.directory, cores.server, 'wal')

  const load = { script: 'bearer.lua', connections, seconds: plan.seconds }
  const { accessFile } = population
  const turns = await interleave(plan, {
    bare: turnsOf(bare, cores.generator, load, () => accessFile),
    ours: turnsOf(ours, cores.generator, load, () => accessFile),
    tutorial: turnsOf(tutorial, cores.generator, load, () => tutorialPopulation.accessFile),
  })
  const limit = rateOf('bare node:http, same bytes', turns.bare)
  return {
    title: 'GET /api/users with a token',
    method: `${connections} connections; each request carries the token of one of ${plan.fewAccounts} accounts, drawn at random.`,
    results: [
      compare(rateOf('Countersign', turns.ours), limit, {
        of: 'ratio',
        rule: 'at least',
        bound: 0.5,
      }),
      compare(rateOf("The tutorial's design", turns.tutorial), limit),
    ],
    notes: [
      `Processor time of the server for one request: Countersign ${processorTime(turns.ours)}, bare node:http ${processorTime(turns.bare)}, the tutorial's design ${processorTime(turns.tutorial)}.`,
      ...noteSlowGenerator('bare node:http', turns.bare),
    ],
  }
}

function firstLine(file: string): string {
  return readFileSync(file, 'utf8').split('\n', 1)[0] ?? ''
}
