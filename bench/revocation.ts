import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { createVerifier } from '@countersign/verify'
import { systemClock } from '../packages/server/src/foundation/clock.ts'
import { createIdSource } from '../packages/server/src/foundation/ids.ts'
import { systemRandomness } from '../packages/server/src/foundation/randomness.ts'
import type { Bench } from './bench.ts'
import { stateAlone } from './compare.ts'
import { startCountersign } from './contenders.ts'
import { issuer, populate, type Population, spareSessions } from './population.ts'
import type { Section } from './result.ts'
import { addService, type Credential, startVerifyingApi } from './verifying-api.ts'

/** From a log-out to the refusal in another process, and how long a service needs that knows nothing yet. */
export async function measureRevocation(bench: Bench): Promise<Section> {
  const { plan } = bench
  const logOuts = plan.isQuick ? 5 : 100
  const delays = await measureDelays(bench, logOuts)
  const revocations = plan.isQuick ? 2_000 : 100_000
  const catchUps = await measureCatchUps(bench, revocations)
  return {
    title: 'Revocation',
    method: `Log-out: from the moment the log-out is sent until a service in another process, asked again and again, refuses the token; ${logOuts} of them one after the other in a round, SQLite, no bus. Catching up: a new verifier until it knows ${revocations.toLocaleString('en')} revocations, all pages fetched and their signatures checked.`,
    results: [
      stateAlone({ name: 'From log-out to refusal, p50', unit: 'ms', values: delays.p50 }),
      stateAlone({ name: 'p99', unit: 'ms', values: delays.p99 }),
      stateAlone(
        { name: 'the longest of all', unit: 'ms', values: [Math.max(...delays.longest)] },
        {
          of: 'value',
          rule: 'below',
          bound: 1000,
        },
      ),
      stateAlone(
        {
          name: `Catching up with ${revocations.toLocaleString('en')} revocations`,
          unit: 's',
          values: catchUps,
        },
        { of: 'value', rule: 'below', bound: 1 },
      ),
    ],
    notes: [],
  }
}

async function measureDelays({ plan, cores, directory }: Bench, count: number) {
  const home = join(directory, 'revocation')
  const needed = spareSessions + count * plan.rounds
  const population = await populate(home, Math.max(plan.fewAccounts, needed))
  const credential = await addService(home, 'listening')
  await using server = await startCountersign(home, cores.server)
  await using api = await startVerifyingApi({
    directory: home,
    cores: cores.generator,
    behind: { url: server.url, credential },
  })
  const agent = new Agent({ keepAlive: true })
  const clients = clientsOf(population)
  const p50: number[] = []
  const p99: number[] = []
  const longest: number[] = []
  for (let round = 0; round < plan.rounds; round++) {
    const delays: number[] = []
    for (const client of clients.slice(round * count, (round + 1) * count)) {
      delays.push(await logOutAndWait(server.url, api.url, client, agent))
    }
    delays.sort((a, b) => a - b)
    p50.push(delays[Math.floor(delays.length * 0.5)] ?? Number.NaN)
    p99.push(delays[Math.floor(delays.length * 0.99)] ?? Number.NaN)
    longest.push(delays.at(-1) ?? Number.NaN)
  }
  agent.destroy()
  return { p50, p99, longest }
}

function linesOf(file: string): readonly string[] {
  return readFileSync(file, 'utf8').trimEnd().split('\n')
}

interface Client {
  readonly access: string
  readonly refresh: string
}

function clientsOf({ accessFile, refreshFile }: Population): readonly Client[] {
  const access = linesOf(accessFile).slice(spareSessions)
  return linesOf(refreshFile).map((line, at) => ({
    access: access[at] ?? '',
    refresh: line.split(' ', 1)[0] ?? '',
  }))
}

/** In milliseconds. */
async function logOutAndWait(
  issuerUrl: string,
  apiUrl: string,
  client: Client,
  agent: Agent,
): Promise<number> {
  const ask = (): Promise<number> =>
    statusOf(agent, `${apiUrl}/api/users`, 'GET', { authorization: `Bearer ${client.access}` })
  if ((await ask()) !== 200) throw new Error('A token was refused before the log-out')
  const started = performance.now()
  const body = JSON.stringify({ refreshToken: client.refresh })
  const headers = { 'content-type': 'application/json' }
  const answered = statusOf(agent, `${issuerUrl}/api/auth/logout`, 'POST', headers, body)
  let status = await ask()
  while (status === 200) status = await ask()
  const delay = performance.now() - started
  if ((await answered) !== 204 || status !== 401) {
    throw new Error(`The log-out was answered ${await answered}, the token ${status}`)
  }
  return delay
}

function statusOf(
  agent: Agent,
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(url, { agent, method, headers }, (response) => {
      response.once('end', () => resolve(response.statusCode ?? 0)).resume()
    })
    call.once('error', reject)
    call.end(body)
  })
}

/** In seconds. */
async function measureCatchUps({ plan, cores, directory }: Bench, count: number) {
  const home = join(directory, 'catch-up')
  const { databaseFile } = await populate(home, plan.fewAccounts)
  endManySessions(databaseFile, count)
  const credential = await addService(home, 'late')
  await using server = await startCountersign(home, cores.server)
  const seconds: number[] = []
  for (let round = 0; round < plan.warmUpRounds + plan.rounds; round++) {
    const taken = await catchUp(server.url, credential, count)
    if (round >= plan.warmUpRounds) seconds.push(taken)
  }
  return seconds
}

/** Sessions that ended just now: copies of one that is there, each with an id of its own. */
function endManySessions(databaseFile: string, count: number): void {
  const database = new DatabaseSync(databaseFile)
  const now = Date.now()
  const [model] = database.prepare('SELECT * FROM sessions LIMIT 1').all()
  const session: Record<string, SQLOutputValue> = {
    ...model,
    ended_at: now,
    end_reason: 'signed_out',
  }
  const names = Object.keys(session)
  const insert = database.prepare(
    `INSERT INTO sessions (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
  )
  const newId = createIdSource(systemClock, systemRandomness)
  database.exec('BEGIN')
  for (let made = 0; made < count; made++) {
    insert.run(...names.map((name) => (name === 'id' ? newId() : (session[name] ?? null))))
  }
  database.exec('COMMIT')
  database.close()
}

async function catchUp(url: string, credential: Credential, count: number): Promise<number> {
  const started = performance.now()
  const verifier = createVerifier({
    issuer,
    audience: issuer,
    jwksUri: `${url}/.well-known/jwks.json`,
    revocations: { credential, onStale: 'refuse', url: `${url}/api/auth/revocations` },
  })
  await verifier.ready()
  const taken = (performance.now() - started) / 1000
  const { revocations } = verifier.status()
  verifier.close()
  if ((revocations?.entries ?? 0) < count) {
    throw new Error(`Only ${revocations?.entries} revocations arrived`)
  }
  return taken
}
