// `npm run bench` measures, prints the tables, and writes them to RESULTS.md and their summary to the README.
// `npm run bench -- --quick` only shows that everything runs; `npm run bench -- profile login` measures these alone.
// Neither of the two writes anything.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Bench } from './bench.ts'
import { measureFlood } from './flood.ts'
import { measureFootprint } from './footprint.ts'
import { measureGrowth } from './growth.ts'
import { measureGuard } from './guard.ts'
import { measureLogin } from './login.ts'
import { describeMachine, prepareMachine } from './machine.ts'
import { measureMail } from './mail.ts'
import { fullPlan, quickPlan } from './plan.ts'
import { measurePostgres } from './postgres.ts'
import { measureProfile } from './profile.ts'
import { measureQueryGrowth } from './query-growth.ts'
import { measureRefresh } from './refresh.ts'
import { insertSummary, renderResults, renderSection, renderSummary } from './render-results.ts'
import { isMet, type Section } from './result.ts'
import { measureRevocation } from './revocation.ts'
import { measureRevocationBound } from './revocation-bound.ts'
import { measureRevocationCheck } from './revocation-check.ts'
import { measureSecondFactors } from './second-factors.ts'
import { measureVerify } from './verify.ts'

const measurements: Readonly<Record<string, (bench: Bench) => Promise<Section>>> = {
  profile: measureProfile,
  login: measureLogin,
  refresh: measureRefresh,
  mail: measureMail,
  footprint: measureFootprint,
  growth: measureGrowth,
  postgres: measurePostgres,
  'second-factors': measureSecondFactors,
  'revocation-bound': measureRevocationBound,
  'revocation-check': measureRevocationCheck,
  'query-growth': measureQueryGrowth,
  verify: measureVerify,
  guard: measureGuard,
  revocation: measureRevocation,
  flood: measureFlood,
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false } },
  })
  const unknown = positionals.find((name) => !(name in measurements))
  if (unknown !== undefined) {
    throw new Error(`There is no "${unknown}": choose from ${Object.keys(measurements).join(', ')}`)
  }
  const cores = prepareMachine()
  const conditions = describeMachine(cores)
  const plan = values.quick ? quickPlan : fullPlan
  const directory = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const sections: Section[] = []
  for (const [name, measure] of Object.entries(measurements)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue
    const section = await measure({ plan, cores, directory })
    console.log(`\n${renderSection(section).join('\n')}`)
    sections.push(section)
    // After each, so that a run that is broken off leaves what it measured.
    if (!plan.isQuick && positionals.length === 0) write(conditions, sections)
  }
  if (plan.isQuick) console.log('\nEverything runs. Figures of a quick run mean nothing.')
  else if (positionals.length === 0)
    console.log('\nWrote bench/RESULTS.md and the table in README.md')
  const missed = sections.flatMap(({ results }) => results.filter((r) => isMet(r) === false))
  if (!plan.isQuick) console.log(`\n${missed.length} targets missed`)
}

function write(conditions: readonly string[], sections: readonly Section[]): void {
  const readme = join(import.meta.dirname, '../README.md')
  const results = join(import.meta.dirname, 'RESULTS.md')
  writeFileSync(results, renderResults(conditions, sections))
  writeFileSync(readme, insertSummary(readFileSync(readme, 'utf8'), renderSummary(sections)))
}

// So that what runs on exit does run: servers are stopped there, and files removed.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(1))
await main()
