import assert from 'node:assert/strict'
import { test } from 'node:test'
import { insertSummary, renderNumber, renderResults, renderSummary } from './render-results.ts'
import { isMet, type Result, type Section } from './result.ts'

const refresh: Result = {
  figure: 'Countersign',
  unit: '/s',
  value: { median: 8123.4, lowest: 7000, highest: 9000.6 },
  beside: {
    name: 'bare swap',
    unit: '/s',
    value: { median: 160_000, lowest: 160_000, highest: 160_000 },
  },
  ratio: { median: 0.0508, lowest: 0.04, highest: 0.06 },
  target: { of: 'value', rule: 'at least', bound: 5000 },
}
const memory: Result = {
  figure: 'Memory',
  unit: 'MiB',
  value: { median: 171.2, lowest: 171.2, highest: 171.2 },
  target: { of: 'value', rule: 'below', bound: 160 },
}
const untargeted: Result = { ...memory, figure: 'Peak' }
delete (untargeted as { target?: unknown }).target

const sections: readonly Section[] = [
  { title: 'Refresh', method: 'How it was done.', results: [refresh], notes: ['A note.'] },
  { title: 'Memory', method: 'After a minute.', results: [memory, untargeted], notes: [] },
]

test('a row shows the median, the spread, what stands beside it, and whether the target is met', () => {
  const text = renderResults(['Node 26'], sections)
  assert.match(text, /^- Node 26$/m)
  assert.ok(
    text.includes(
      '| Countersign | 8,123/s (7,000 to 9,001) | bare swap: 160,000/s | 0.0508 (0.04 to 0.06) | ≥ 5,000/s: met |',
    ),
    text,
  )
  assert.ok(text.includes('| Memory | 171 MiB |  |  | < 160 MiB: **missed** |'), text)
  assert.ok(text.includes('| Peak | 171 MiB |  |  |  |'), text)
  assert.ok(text.includes('\nA note.\n'), text)
})

test('the summary has the figures with a target and no others', () => {
  const summary = renderSummary(sections)
  assert.match(summary, /\| Refresh: Countersign \|/)
  assert.match(summary, /\| Memory: Memory \|/)
  assert.doesNotMatch(summary, /Peak/)
})

function ratioOf(figure: string, median: number, rule: 'at least' | 'below'): Result {
  const ratio = { median, lowest: 0, highest: 9 }
  return { ...refresh, figure, ratio, target: { of: 'ratio', rule, bound: 1.3 } }
}

function summarisedOf(results: readonly Result[]): string[] {
  const section: Section = { title: 'Many', method: '', results, notes: [], summary: 'worst ratio' }
  return [...renderSummary([section]).matchAll(/Many: (\w+)/g)].map(([, figure = '']) => figure)
}

test('of many like results the summary has the one that is worst against its target', () => {
  const below = [ratioOf('good', 1, 'below'), ratioOf('bad', 2, 'below'), untargeted]
  assert.deepEqual(summarisedOf(below), ['bad'])
  const above = [ratioOf('good', 2, 'at least'), ratioOf('bad', 1, 'at least')]
  assert.deepEqual(summarisedOf(above), ['bad'])
})

test('a target holds for the median: at its bound "at least" is met and "below" is not', () => {
  const ratio = { median: 0.5, lowest: 0.1, highest: 0.9 }
  const half = { of: 'ratio', rule: 'at least', bound: 0.5 } as const
  assert.equal(isMet({ ...refresh, ratio, target: half }), true)
  assert.equal(isMet({ ...refresh, ratio: { ...ratio, median: 0.499 }, target: half }), false)
  assert.equal(isMet({ ...refresh, ratio, target: { ...half, rule: 'below' } }), false)
  assert.equal(isMet(untargeted), undefined)
})

test('a target for a ratio that was not measured is missed', () => {
  assert.equal(isMet({ ...memory, target: { of: 'ratio', rule: 'below', bound: 1.3 } }), false)
})

test('numbers carry three digits, or all that stand before the point', () => {
  assert.deepEqual([0.12345, 1.2345, 99.96, 1234.5, 3_000_000].map(renderNumber), [
    '0.123',
    '1.23',
    '100',
    '1,235',
    '3,000,000',
  ])
})

test('the table goes between the marks of the README, again and again, and nothing else changes', () => {
  const readme = 'before\n<!-- measured -->\nold $& table\n<!-- /measured -->\nafter\n'
  const once = insertSummary(readme, '| $1 |')
  assert.equal(once, 'before\n<!-- measured -->\n| $1 |\n<!-- /measured -->\nafter\n')
  assert.equal(insertSummary(once, '| $1 |'), once)
  const empty = 'before\n<!-- measured -->\n<!-- /measured -->\n'
  assert.match(insertSummary(empty, '| x |'), /-->\n\| x \|\n<!--/)
  assert.throws(() => insertSummary('no marks', '| x |'), /marks/)
})
