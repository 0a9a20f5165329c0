import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { compare, timeOf } from './compare.ts'
import { startCountersign } from './contenders.ts'
import { interleave } from './interleave.ts'
import { populate } from './population.ts'
import type { Section } from './result.ts'
import { type ServerUnderLoad, type Turn, turnsOf } from './server-under-load.ts'
import { partsInTurn, splitLines } from './split-lines.ts'
import { forServers } from './plan.ts'

const connections = 64

/** The same requests with many accounts in the database and with few, drawn at random from all of them. */
export async function measureGrowth(bench: Bench): Promise<Section> {
  const { cores, directory } = bench
  const plan = forServers(bench.plan)
  const few = await populate(join(directory, 'few'), plan.fewAccounts)
  const many = await populate(join(directory, 'many'), plan.manyAccounts)
  await using withFew = await startCountersign(few.directory, cores.server)
  await using withMany = await startCountersign(many.directory, cores.server)
  const firstUseMicroseconds = await useEachToken(withMany, many.accessFile)
  await useEachToken(withFew, few.accessFile)
  const load = { connections, seconds: plan.seconds }
  const profile = { ...load, script: 'bearer.lua' }
  const refresh = { ...load, script: 'refresh.lua' }
  const parts = plan.warmUpRounds + plan.rounds
  const fewRefreshes = partsInTurn(splitLines(few.refreshFile, parts))
  const manyRefreshes = partsInTurn(splitLines(many.refreshFile, parts))
  const turns = await interleave(plan, {
    profileOfFew: turnsOf(withFew, cores.generator, profile, () => few.accessFile),
    profileOfMany: turnsOf(withMany, cores.generator, profile, () => many.accessFile),
    refreshOfFew: turnsOf(withFew, cores.generator, refresh, fewRefreshes),
    refreshOfMany: turnsOf(withMany, cores.generator, refresh, manyRefreshes),
  })
  const [fewName, manyName] = [plan.fewAccounts, plan.manyAccounts].map(
    (count) => `${count.toLocaleString('en')} accounts`,
  )
  const target = { of: 'ratio', rule: 'below', bound: 1.3 } as const
  const row = (path: string, ofMany: readonly Turn[], ofFew: readonly Turn[]) =>
    compare(timeOf(`${path}, ${manyName}`, ofMany), timeOf(`${fewName}`, ofFew), target)
  return {
    title: 'Growth',
    method: `Accounts and sessions in the database; ${connections} connections draw from all of them at random. The time of one whole request at full load.`,
    results: [
      row('GET /api/users', turns.profileOfMany, turns.profileOfFew),
      row('POST /api/auth/refresh', turns.refreshOfMany, turns.refreshOfFew),
    ],
    notes: [
      `Every access token was used once before. That first use, signature check included, took ${firstUseMicroseconds.toFixed(0)} µs with ${manyName}; the client of that is slower than the generator.`,
    ],
  }
}

/** Calls once with each token. Returns the time of one call at full load, in microseconds. */
async function useEachToken({ url }: ServerUnderLoad, accessFile: string): Promise<number> {
  const tokens = readFileSync(accessFile, 'utf8').trimEnd().split('\n')
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const started = performance.now()
  let next = 0
  const caller = async (): Promise<void> => {
    for (let token = tokens[next++]; token !== undefined; token = tokens[next++]) {
      await get(`${url}/api/users`, agent, token)
    }
  }
  await Promise.all(Array.from({ length: connections }, caller))
  agent.destroy()
  return ((performance.now() - started) * 1000) / tokens.length
}

function get(url: string, agent: Agent, token: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request(url, { agent, headers: { authorization: `Bearer ${token}` } })
    call.once('response', (response) => {
      if (response.statusCode === 200) response.once('end', resolve).resume()
      else reject(new Error(`${url} was answered ${response.statusCode}`))
    })
    call.once('error', reject)
    call.end()
  })
}
