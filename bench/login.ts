import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { populateTutorial } from './baseline-tutorial/populate.ts'
import type { Bench } from './bench.ts'
import { compare, type Series, stateAlone } from './compare.ts'
import { startCountersign, startTutorial, tutorialAccounts } from './contenders.ts'
import { interleave } from './interleave.ts'
import { runPinned } from './pinned-process.ts'
import { forLogIns } from './plan.ts'
import { password, type Population, populate } from './population.ts'
import type { Result, Section } from './result.ts'
import type { ServerUnderLoad } from './server-under-load.ts'
import { runWrk, runWrkScript } from './wrk.ts'

const readers = 16
const readerPauseMs = 10

/** POST /api/auth/login against raw argon2id, and what log-ins do to everybody else. */
export async function measureLogin(ofAll: Bench): Promise<Section> {
  const bench = { ...ofAll, plan: forLogIns(ofAll.plan) }
  const { plan, cores } = bench
  const home = join(bench.directory, 'login')
  const population = await populate(home, plan.fewAccounts)
  const tutorialPopulation = await populateTutorial(home, {
    ...tutorialAccounts,
    journal: 'wal',
    size: plan.fewAccounts,
  })
  await using ours = await startCountersign(home, cores.all)
  await using tutorial = await startTutorial(home, cores.all, 'wal')
  const load = (server: ServerUnderLoad, usernames: string) => (): Promise<LogIns> =>
    logInForAWhile(bench, server, usernames, plan.seconds)
  const hashAlone = () => measureRawArgon2id(bench)
  const turns = await interleave(plan, {
    rawBefore: hashAlone,
    ours: load(ours, population.usernamesFile),
    rawAfter: hashAlone,
    tutorial: load(tutorial, tutorialPopulation.usernamesFile),
  })
  const rawRates = turns.rawBefore.map((rate, round) => meanOf(rate, turns.rawAfter[round]))
  const raw = { name: 'raw argon2id, same parameters', unit: '/s', values: rawRates } as const
  const target = { of: 'ratio', rule: 'at least', bound: 0.9 } as const
  return {
    title: 'POST /api/auth/login',
    method: `${plan.loginClients} clients; argon2id with 19 MiB and 2 passes on all cores, ${hashesAtOnce(bench)} hashes at once in the server and in the raw loop, which runs before and after each turn of the server: the mean of the two counts. The generator's share of its core is small.`,
    results: [
      compare(rateOf('Countersign', turns.ours), raw, target),
      compare(rateOf("The tutorial's design (bcrypt, cost 10)", turns.tutorial), raw),
      await measureReadersDuringLogins(ofAll, ours, population),
    ],
    notes: noteRefusals(turns.ours),
  }
}

/** What load/login.lua counted. */
interface LogIns {
  readonly answered: number
  readonly refused: number
  readonly perSecond: number
}

// From when all clients are under way; and until those have been hashed whom the generator leaves behind.
const leadSeconds = 2
const restMs = 1_500

// A server that cannot hash sooner than in two seconds says 503 busy; what counts is who got in.
async function logInForAWhile(
  { cores, plan }: Bench,
  server: ServerUnderLoad,
  usernames: string,
  seconds: number,
): Promise<LogIns> {
  const { printed } = await runWrkScript(cores.generator, {
    url: server.url,
    script: 'login.lua',
    scriptArguments: [usernames, password, `${leadSeconds}`, `${seconds}`],
    connections: plan.loginClients,
    seconds: leadSeconds + seconds,
    mayBeRefused: true,
  })
  await sleep(restMs)
  const counted = JSON.parse(printed ?? '') as Omit<LogIns, 'perSecond'>
  const perSecond = (counted.answered - counted.refused) / seconds
  // In the seconds of a quick run not even one log-in may fit on a machine that is busy with other things.
  if (!plan.isQuick && perSecond === 0) throw new Error(`Nobody got in: ${printed}`)
  return { ...counted, perSecond }
}

function rateOf(name: string, turns: readonly LogIns[]): Series {
  return { name, unit: '/s', values: turns.map(({ perSecond }) => perSecond) }
}

function noteRefusals(turns: readonly LogIns[]): readonly string[] {
  const refused = turns.reduce((sum, turn) => sum + turn.refused, 0)
  const all = turns.reduce((sum, turn) => sum + turn.answered, 0)
  if (refused === 0) return []
  return [
    `${((100 * refused) / all).toFixed(1)} % of the log-ins were refused as busy and do not count.`,
  ]
}

function meanOf(one: number, other = Number.NaN): number {
  return (one + other) / 2
}

/** As the server decides it (composition/services.ts). */
function hashesAtOnce({ cores }: Bench): number {
  return cores.count + 1
}

async function measureRawArgon2id(bench: Bench): Promise<number> {
  const script = join(import.meta.dirname, 'limits/raw-argon2id.ts')
  const words = [`${hashesAtOnce(bench)}`, `${bench.plan.seconds}`]
  const conditions = '--conditions=@countersign/source'
  const command = [process.execPath, conditions, script, ...words]
  return Number(await runPinned(bench.cores.all, command))
}

/** How long a reader waits while log-ins take all the processor time there is. */
async function measureReadersDuringLogins(
  bench: Bench,
  server: ServerUnderLoad,
  population: Population,
): Promise<Result> {
  const { plan, cores } = bench
  const p99Ms: number[] = []
  for (let round = 0; round < plan.rounds; round++) {
    const logins = logInForAWhile(bench, server, population.usernamesFile, plan.seconds + 1)
    // The log-ins are well under way before the first reader comes, and still are when the last one goes.
    await sleep(leadSeconds * 1_000)
    const [report] = await Promise.all([
      runWrk(cores.generator, {
        url: server.url,
        script: 'bearer.lua',
        scriptArguments: [population.accessFile, `${readerPauseMs}`],
        connections: readers,
        seconds: plan.seconds,
      }),
      logins,
    ])
    p99Ms.push(report.p99Ms)
  }
  const name = `p99 of GET /api/users while ${plan.loginClients} clients log in (${readers} readers, ${readerPauseMs} ms between two requests)`
  return stateAlone({ name, unit: 'ms', values: p99Ms }, { of: 'value', rule: 'below', bound: 50 })
}
