// What the checks of second factors cost beside the store that they use, and the filter of common passwords. Arguments: a
// file for the database, how many checks, and for how many milliseconds the filter is asked. Prints medians as JSON.

import { createTestAccount } from '../../packages/server/src/accounts/account.fixture.ts'
import type { ProofCheck } from '../../packages/server/src/authentication/prove-second-factor.ts'
import type { Factor } from '../../packages/server/src/factors/factor.ts'
import { sealTotpSecret } from '../../packages/server/src/factors/totp-secret.ts'
import { totpCode } from '../../packages/server/src/factors/totp.ts'
import { createIdSource } from '../../packages/server/src/foundation/ids.ts'
import { createMasterSecrets } from '../../packages/server/src/foundation/master-secret.ts'
import { systemRandomness } from '../../packages/server/src/foundation/randomness.ts'
import { RequestContext } from '../../packages/server/src/http/request-context.ts'
import { createSource } from '../../packages/server/src/http/source.fixture.ts'
import { isCommonPassword } from '../../packages/server/src/passwords/common-passwords.ts'
import {
  createRecoveryCheck,
  drawRecoverySet,
} from '../../packages/server/src/recovery-codes/recovery-codes.ts'
import { openSqliteStore } from '../../packages/server/src/stores/sql/open-sqlite-store.ts'
import { createTotpCheck } from '../../packages/server/src/totp/totp-factor.ts'

export interface SecondFactorCosts {
  /** Milliseconds, each with the durable change of its row. */
  readonly totp: number
  readonly recovery: number
  /** The same change of a row and nothing else. */
  readonly store: number
  readonly filterPerSecond: number
  readonly filterMebibytes: number
}

const [file = '', countText = '', turnText = ''] = process.argv.slice(2)
const count = Number(countText)
const turnMs = Number(turnText)
const filterMebibytes = measureFilterMemory()
let now = Date.UTC(2030, 0, 1)
const clock = (): number => now
const newId = createIdSource(clock, systemRandomness)
const secrets = createMasterSecrets(['a-secret-of-the-bench-that-is-long-enough'])
const store = await openSqliteStore({ file, clock })
const account = createTestAccount({ id: newId() })
const context = new RequestContext('bench', createSource(), '203.0.113.9', now)

const secret = systemRandomness(20)
const app = await insert('totp', sealTotpSecret(secrets, account.id, secret, systemRandomness))
const checkTotp = createTotpCheck({ factors: store, secrets, clock })
const checkRecovery = createRecoveryCheck({ factors: store, clock })
const times = { totp: [] as number[], recovery: [] as number[], store: [] as number[] }
let bare = await insert('totp', 'x')
for (let index = 0; index < count; index++) {
  now += 60_000
  const step = now / 30_000
  const used: Factor = { ...app, counter: index === 0 ? 0 : step - 2 }
  const code = totpCode(secret, step)
  await time('totp', () => use(checkTotp({ account, factors: [used], code, context })))
  const { codes, secret: hashes } = drawRecoverySet(account.id, systemRandomness)
  const set = await insert('recovery', hashes)
  await time('recovery', () =>
    use(checkRecovery({ account, factors: [set], code: codes[9] ?? '', context })),
  )
  const next = { counter: bare.counter + 1 }
  await time('store', () => store.swapFactor(bare, next))
  bare = { ...bare, ...next }
}
await store.close()
const costs: SecondFactorCosts = {
  totp: median(times.totp),
  recovery: median(times.recovery),
  store: median(times.store),
  filterPerSecond: measureFilter(),
  filterMebibytes,
}
console.log(JSON.stringify(costs))

async function insert(kind: Factor['kind'], sealed: string): Promise<Factor> {
  const own = { id: newId(), userId: account.id, kind, name: '', epoch: 0, externalId: null }
  const factor = { ...own, secret: sealed, counter: 0, createdAt: now, lastUsedAt: null }
  await store.insertFactor(factor)
  return factor
}

/** A code that is good is used up, as by a log-in. */
async function use(check: ReturnType<ProofCheck>): Promise<boolean> {
  const spend = await check
  return typeof spend === 'function' && (await spend())
}

async function time(name: keyof typeof times, act: () => Promise<unknown>): Promise<void> {
  const started = performance.now()
  if ((await act()) !== true) throw new Error(`A good ${name} was refused`)
  times[name].push(performance.now() - started)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function measureFilter(): number {
  const passwords = Array.from({ length: 1_000 }, () => systemRandomness(9).toString('base64url'))
  const started = performance.now()
  let rounds = 0
  do {
    for (const password of passwords) isCommonPassword(password)
    rounds++
  } while (performance.now() - started < turnMs)
  return (rounds * passwords.length * 1000) / (performance.now() - started)
}

/** What the first check loads, and the next ten thousand leave behind. */
function measureFilterMemory(): number {
  const before = usedBytes()
  for (let index = 0; index < 10_000; index++) isCommonPassword(`a password ${index}`)
  return (usedBytes() - before) / 2 ** 20
}

function usedBytes(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
