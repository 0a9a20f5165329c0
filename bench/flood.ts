import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createVerifier } from '@countersign/verify'
import { encodePart } from '../packages/verify/src/tokens/issuer.fixture.ts'
import type { Bench } from './bench.ts'
import { stateAlone } from './compare.ts'
import { startCountersign } from './contenders.ts'
import { issuer, populate } from './population.ts'
import type { Section } from './result.ts'

const tokens = 10_000
const coolDownSeconds = 30

/** Tokens that name keys which do not exist: what each costs, and how often the issuer is asked because of them. */
export async function measureFlood({ plan, cores, directory }: Bench): Promise<Section> {
  const home = join(directory, 'flood')
  await populate(home, plan.fewAccounts)
  await using server = await startCountersign(home, cores.server)
  const fetches: number[] = []
  const microseconds: number[] = []
  for (let round = 0; round < plan.rounds; round++) {
    const turn = await flood(server.url)
    fetches.push(turn.fetches)
    microseconds.push(turn.microseconds)
  }
  const count = tokens.toLocaleString('en')
  return {
    title: 'A flood of made-up key ids',
    method: `${count} tokens, each with a key id of its own that no key has, ${coolDownSeconds} s (one cool-down) after the verifier last asked for the key set.`,
    results: [
      stateAlone(
        { name: `Fetches of the key set for ${count} key ids`, unit: 'fetches', values: fetches },
        { of: 'value', rule: 'below', bound: 2 },
      ),
      stateAlone({ name: 'To refuse one of them', unit: 'µs', values: microseconds }),
    ],
    notes: [],
  }
}

async function flood(url: string): Promise<{ fetches: number; microseconds: number }> {
  let fetches = 0
  let now = Date.now()
  const verifier = createVerifier({
    issuer,
    audience: issuer,
    jwksUri: `${url}/.well-known/jwks.json`,
    keyCoolDownSeconds: coolDownSeconds,
    clock: () => now,
    fetch: (address, init) => {
      fetches++
      return fetch(address, init)
    },
  })
  await verifier.ready()
  now += coolDownSeconds * 1000
  fetches = 0
  const forged = Array.from({ length: tokens }, forge)
  const started = performance.now()
  const outcomes = await Promise.all(forged.map((token) => verifier.verify(token)))
  const microseconds = ((performance.now() - started) * 1000) / tokens
  const isRefused = outcomes.every((outcome) => !outcome.ok && outcome.reason === 'unknown_key')
  if (!isRefused) throw new Error('A forged token was not refused for its key')
  return { fetches, microseconds }
}

function forge(): string {
  const header = { typ: 'at+jwt', alg: 'ES256', kid: randomBytes(16).toString('base64url') }
  const payload = { iss: issuer, aud: issuer, sub: 'anybody', exp: 4_000_000_000 }
  return `${encodePart(header)}.${encodePart(payload)}.${randomBytes(64).toString('base64url')}`
}
