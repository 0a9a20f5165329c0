import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { compare, type Series } from './compare.ts'
import { interleave } from './interleave.ts'
import type { RevocationRates } from './limits/revocation-loop.ts'
import { runPinned } from './pinned-process.ts'
import type { Section } from './result.ts'

const many = 100_000

/** What many live revocations cost those whose tokens are good. */
export async function measureRevocationCheck({ plan, cores }: Bench): Promise<Section> {
  const script = join(import.meta.dirname, 'limits/revocation-loop.ts')
  const turnOf = (count: number) => async () => {
    const words = [script, `${count}`, plan.isQuick ? '20' : '300']
    const command = [process.execPath, '--conditions=@countersign/source', ...words]
    return JSON.parse(await runPinned(cores.server, command)) as RevocationRates
  }
  const turns = await interleave(plan, { none: turnOf(0), many: turnOf(many) })
  const row = (what: keyof RevocationRates, name: string) => {
    const series = (label: string, rounds: readonly RevocationRates[]): Series => {
      return { name: label, unit: 'ns', values: rounds.map((rates) => 1e9 / rates[what]) }
    }
    const ofMany = series(`${name}, ${many.toLocaleString('en')} live`, turns.many)
    return { ofMany, ofNone: series('none live', turns.none) }
  }
  const verification = row('verification', 'A remembered token verified, check included')
  const check = row('check', 'The check alone')
  return {
    title: 'The revocation check',
    method:
      'One thread, the tokens of 1,000 sessions in turn, none of them revoked. Half of the live revocations are of sessions, half of subjects.',
    results: [
      compare(verification.ofMany, verification.ofNone, {
        of: 'ratio',
        rule: 'below',
        bound: 1.3,
      }),
      compare(check.ofMany, check.ofNone),
    ],
    notes: [],
  }
}
