import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { stateAlone } from './compare.ts'
import { startCountersign } from './contenders.ts'
import { password, populate } from './population.ts'
import type { Section } from './result.ts'
import { runWrk } from './wrk.ts'

/** How soon the first answer comes, and how much memory a minute of mixed load leaves behind. */
export async function measureFootprint(bench: Bench): Promise<Section> {
  const { first, again } = await measureStarts(bench)
  const { residentMiB, peakMiB, requests } = await measureMemory(bench)
  const belowOneSecond = { of: 'value', rule: 'below', bound: 1 } as const
  const below160 = { of: 'value', rule: 'below', bound: 160 } as const
  return {
    title: 'Start and memory',
    method: `The program itself, without npm; a first start makes the database and the keys. Memory after ${bench.plan.mixedLoadSeconds} s of profile reads, refreshes and log-ins at once, as fast as they were answered.`,
    results: [
      stateAlone(
        { name: 'First start, to the first answer', unit: 's', values: first },
        belowOneSecond,
      ),
      stateAlone(
        { name: 'Start on a database, to the first answer', unit: 's', values: again },
        belowOneSecond,
      ),
      stateAlone(
        { name: 'Resident memory after mixed load', unit: 'MiB', values: [residentMiB] },
        below160,
      ),
      stateAlone({ name: 'Its peak, hashes in flight', unit: 'MiB', values: [peakMiB] }),
    ],
    notes: [`The mixed load was ${requests} requests.`],
  }
}

async function measureStarts({ plan, cores, directory }: Bench) {
  const first: number[] = []
  const again: number[] = []
  for (let start = 0; start < plan.starts; start++) {
    const home = join(directory, `start-${start}`)
    mkdirSync(home)
    for (const values of [first, again]) {
      await using server = await startCountersign(home, cores.server)
      values.push(server.startMs / 1000)
    }
  }
  return { first, again }
}

async function measureMemory({ plan, cores, directory }: Bench) {
  const population = await populate(join(directory, 'memory'), plan.fewAccounts)
  await using server = await startCountersign(population.directory, cores.all)
  const load = (script: string, connections: number, ...scriptArguments: readonly string[]) =>
    runWrk(cores.generator, {
      url: server.url,
      seconds: plan.mixedLoadSeconds,
      script,
      connections,
      scriptArguments,
      mayBeRefused: script === 'login.lua',
    })
  const reports = await Promise.all([
    load('bearer.lua', 16, population.accessFile),
    load('refresh.lua', 16, population.refreshFile),
    load('login.lua', 16, population.usernamesFile, password),
  ])
  // Log-ins that were still queued when the generator left are hashed to the end.
  await sleep(1_000)
  const requests = reports.reduce((sum, report) => sum + report.requests, 0)
  return { ...server.process.memory(), requests }
}
