import { isMet, type Result, type Section, type Target, type Unit } from './result.ts'
import type { Spread } from './statistics.ts'

/** The whole report: what it depends on, and a table for each section. */
export function renderResults(conditions: readonly string[], sections: readonly Section[]): string {
  return [
    '# Measured',
    '',
    'Written by `npm run bench`; do not edit. Contenders ran in turn, and a ratio is the median of the ratios within each',
    'round. Every figure is a median, with the lowest and the highest round in parentheses.',
    '',
    ...conditions.map((condition) => `- ${condition}`),
    ...sections.flatMap((section) => ['', ...renderSection(section)]),
    '',
  ].join('\n')
}

export function renderSection({ title, method, results, notes }: Section): readonly string[] {
  return [
    `## ${title}`,
    '',
    method,
    '',
    '| | measured | beside | ratio | target |',
    '|---|---|---|---|---|',
    ...results.map((result) => `| ${cells(result).join(' | ')} |`),
    ...notes.flatMap((note) => ['', note]),
  ]
}

/** For the README: the figures that have a target. */
export function renderSummary(sections: readonly Section[]): string {
  const rows = sections.flatMap((section) =>
    summarise(section).map((result) => {
      const [figure, measured, ...rest] = cells(result)
      return `| ${[`${section.title}: ${figure}`, measured, ...rest].join(' | ')} |`
    }),
  )
  return ['| | measured | beside | ratio | target |', '|---|---|---|---|---|', ...rows].join('\n')
}

function summarise({ results, summary }: Section): readonly Result[] {
  const aimed = results.filter(({ target }) => target !== undefined)
  if (summary === undefined) return aimed
  return aimed.toSorted((a, b) => distance(b) - distance(a)).slice(0, 1)
}

/** The larger, the worse against its target. */
function distance({ ratio, target }: Result): number {
  const median = ratio?.median ?? Number.POSITIVE_INFINITY
  return target?.rule === 'at least' ? -median : median
}

function cells(result: Result): readonly string[] {
  const { figure, unit, value, beside, ratio } = result
  return [
    figure,
    renderSpread(value, unit),
    beside ? `${beside.name}: ${renderSpread(beside.value, beside.unit)}` : '',
    ratio ? renderSpread(ratio, '') : '',
    renderTarget(result),
  ]
}

function renderSpread({ median, lowest, highest }: Spread, unit: Unit | ''): string {
  const withUnit = unit === '' || unit === '/s' ? unit : ` ${unit}`
  const middle = `${renderNumber(median)}${withUnit}`
  return lowest === highest
    ? middle
    : `${middle} (${renderNumber(lowest)} to ${renderNumber(highest)})`
}

/** Three digits or the whole number: more would be noise. */
export function renderNumber(value: number): string {
  const options =
    Math.abs(value) < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 }
  return value.toLocaleString('en', options)
}

function renderTarget(result: Result): string {
  const { target, unit } = result
  if (target === undefined) return ''
  return `${describeTarget(target, unit)}: ${isMet(result) ? 'met' : '**missed**'}`
}

function describeTarget({ of, rule, bound }: Target, unit: Unit): string {
  const withUnit = of === 'ratio' ? '' : unit === '/s' ? unit : ` ${unit}`
  return `${rule === 'at least' ? '≥' : '<'} ${renderNumber(bound)}${withUnit}`
}

const marks = /(<!-- measured -->\n)[\s\S]*?(<!-- \/measured -->)/

/** The README with this table between its marks. @throws when the marks are gone */
export function insertSummary(readme: string, summary: string): string {
  if (!marks.test(readme)) throw new Error('The README has no <!-- measured --> marks')
  return readme.replace(marks, (_, open: string, close: string) => `${open}${summary}\n${close}`)
}
