import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { compare, rateOf } from './compare.ts'
import { startCountersign } from './contenders.ts'
import { interleave } from './interleave.ts'
import { noteSlowGenerator, processorTime } from './notes.ts'
import { populate } from './population.ts'
import type { Section } from './result.ts'
import { turnsOf } from './server-under-load.ts'
import { addService, startVerifyingApi } from './verifying-api.ts'
import { forServers } from './plan.ts'

const connections = 64

/** A route of an Express application behind requireAuth, against the same route without. */
export async function measureGuard(bench: Bench): Promise<Section> {
  const { cores, directory } = bench
  const plan = forServers(bench.plan)
  const home = join(directory, 'guard')
  const { accessFile } = await populate(home, plan.fewAccounts)
  const credential = await addService(home, 'guarded')
  await using issuer = await startCountersign(home, cores.generator)
  const behind = { url: issuer.url, credential }
  await using guarded = await startVerifyingApi({ directory: home, cores: cores.server, behind })
  await using open = await startVerifyingApi({ directory: home, cores: cores.server })
  const load = { script: 'bearer.lua', connections, seconds: plan.seconds }
  const turns = await interleave(plan, {
    open: turnsOf(open, cores.generator, load, () => accessFile),
    guarded: turnsOf(guarded, cores.generator, load, () => accessFile),
  })
  return {
    title: 'A route on Express',
    method: `${connections} connections; each request carries the token of one of ${plan.fewAccounts} accounts, drawn at random. The service verifies by itself and follows the revocations of an issuer in another process.`,
    results: [
      compare(
        rateOf('behind requireAuth', turns.guarded),
        rateOf('the same route, open', turns.open),
        {
          of: 'ratio',
          rule: 'at least',
          bound: 0.9,
        },
      ),
    ],
    notes: [
      `Processor time for one request: behind requireAuth ${processorTime(turns.guarded)}, open ${processorTime(turns.open)}.`,
      ...noteSlowGenerator('the open route', turns.open),
    ],
  }
}
