import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { compare, type Series, stateAlone } from './compare.ts'
import { interleave } from './interleave.ts'
import type { SecondFactorCosts } from './limits/second-factor-loop.ts'
import { runPinned } from './pinned-process.ts'
import type { Section, Unit } from './result.ts'

/** What checking a code costs beside the store that makes it good once, and what the filter of passwords costs. */
export async function measureSecondFactors({ plan, cores, directory }: Bench): Promise<Section> {
  const script = join(import.meta.dirname, 'limits/second-factor-loop.ts')
  let turn = 0
  const measure = async (): Promise<SecondFactorCosts> => {
    const file = join(directory, `second-factors-${turn++}.db`)
    const words = plan.isQuick ? ['20', '50'] : ['1000', '1000']
    const flags = ['--conditions=@countersign/source', '--expose-gc']
    const command = [process.execPath, ...flags, script, file, ...words]
    return JSON.parse(await runPinned(cores.server, command)) as SecondFactorCosts
  }
  const { costs } = await interleave(plan, { costs: measure })
  const series = (name: string, unit: Unit, of: (each: SecondFactorCosts) => number): Series => {
    return { name, unit, values: costs.map(of) }
  }
  const store = series('the bare change of a row', 'ms', (each) => each.store)
  const quick = { of: 'value', rule: 'below', bound: 1 } as const
  const more = (name: string, of: (each: SecondFactorCosts) => number) =>
    stateAlone(
      series(name, 'ms', (each) => Math.max(0, of(each) - each.store)),
      quick,
    )
  return {
    title: 'Second factors and the filter of common passwords',
    method:
      'One after the other, on SQLite with every change synced to the disk; the median of 1,000 checks of a good code beside the same change of a row without a check. The filter on one thread, asked for passwords that it does not know.',
    results: [
      compare(
        series('Code of an authenticator app', 'ms', (each) => each.totp),
        store,
      ),
      more('Code of an authenticator app, beside the store', (each) => each.totp),
      compare(
        series('Recovery code', 'ms', (each) => each.recovery),
        store,
      ),
      more('Recovery code, beside the store', (each) => each.recovery),
      stateAlone(
        series('Filter of common passwords', '/s', (each) => each.filterPerSecond),
        {
          of: 'value',
          rule: 'at least',
          bound: 200_000,
        },
      ),
      stateAlone(
        series('Memory of the filter', 'MiB', (each) => each.filterMebibytes),
        {
          of: 'value',
          rule: 'below',
          bound: 2,
        },
      ),
    ],
    notes: [],
  }
}
