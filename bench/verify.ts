import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { compare, type Series, stateAlone } from './compare.ts'
import type { VerifyRates } from './limits/verify-loop.ts'
import { runPinned } from './pinned-process.ts'
import type { Result, Section } from './result.ts'

/** @countersign/verify on one core, against bare crypto.verify and beside other libraries. */
export async function measureVerify({ plan, cores }: Bench): Promise<Section> {
  const script = join(import.meta.dirname, 'limits/verify-loop.ts')
  // Short turns, many of them: what else the machine does then weighs on both sides of a pair.
  const turnMs = plan.isQuick ? 20 : 40
  const rounds = plan.isQuick ? 1 : 45
  const output = await runPinned(cores.server, [
    process.execPath,
    '--conditions=@countersign/source',
    script,
    `${rounds}`,
    `${turnMs}`,
  ])
  const rates = JSON.parse(output) as VerifyRates
  const series = (name: string): Series => ({ name, unit: '/s', values: rates[name] ?? [] })
  const others = (algorithm: string): Result[] =>
    Object.keys(rates)
      .filter((name) => name.startsWith(`${algorithm}, `) && !/countersign|bare/.test(name))
      .map((name) => compare(series(name), series(`${algorithm}, bare crypto.verify`)))
  const cold = (algorithm: string): Result =>
    compare(
      series(`${algorithm}, @countersign/verify`),
      series(`${algorithm}, bare crypto.verify`),
      { of: 'ratio', rule: 'at least', bound: 0.85 },
    )
  return {
    title: 'Verifying an access token',
    method: `One thread, one token of the size that Countersign issues, turns of ${turnMs} ms. Cold: nothing is remembered from one call to the next.`,
    results: [
      stateAlone(series('ES256, @countersign/verify, remembered'), {
        of: 'value',
        rule: 'at least',
        bound: 3_000_000,
      }),
      stateAlone(series('ES256, fast-jwt, remembered')),
      cold('ES256'),
      cold('EdDSA'),
      ...others('ES256').filter(({ figure }) => !figure.endsWith('remembered')),
      ...others('EdDSA'),
    ],
    notes: [],
  }
}
