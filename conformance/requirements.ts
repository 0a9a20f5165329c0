// Ties the catalogue to the tests: which test names which requirement, and how README.md shows it.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chapters, type Requirement } from './catalogue.ts'

export interface NamedTest {
  /** Below conformance/. */
  readonly file: string
  /** Without the requirements at its end. */
  readonly title: string
  readonly requirements: readonly string[]
}

/** Every test of this folder's folders, by the titles in its source. */
export function namedTests(folder: string): readonly NamedTest[] {
  return globSync('*/**/*.test.ts', { cwd: folder })
    .toSorted((a, b) => (a < b ? -1 : 1))
    .flatMap((file) =>
      titlesIn(readFileSync(join(folder, file), 'utf8')).map((title) => ({ file, ...take(title) })),
    )
}

/** The first argument of every `test(…)`, however it is quoted. */
export function titlesIn(source: string): string[] {
  const pattern =
    /(?:^|[^\w.])test\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g
  return [...source.matchAll(pattern)].map(([, single, double, template]) =>
    // What a template fills in tells the cases of one test apart.
    (single ?? double ?? template ?? '').replace(/:? \$\{\w+\}/g, '').replaceAll("\\'", "'"),
  )
}

const requirement =
  /(?:v5\.0\.0-\d+\.\d+\.\d+|RFC \d+(?:bis)?(?: §\d+(?:\.\d+)*)?|OpenID \w+ [\d.]+)/g

function take(title: string): Omit<NamedTest, 'file'> {
  const named = / \(((?:v5|RFC|OpenID)[^()]*)\)$/.exec(title)
  const requirements = named?.[1]?.match(requirement) ?? []
  return { title: named ? title.slice(0, named.index) : title, requirements }
}

const start = '<!-- requirements -->\n'
const end = '<!-- /requirements -->'

/** The README with its tables made anew. */
export function renderReadme(readme: string, tests: readonly NamedTest[]): string {
  const from = readme.indexOf(start)
  const to = readme.indexOf(end)
  if (from < 0 || to < from) throw new Error('README.md has lost the marks round its requirements')
  return readme.slice(0, from + start.length) + renderTables(tests) + readme.slice(to)
}

function renderTables(tests: readonly NamedTest[]): string {
  const met = chapters.map(({ name, requirements }) => {
    const rows = requirements.map((entry) => renderRow(entry, tests)).filter((row) => row !== '')
    return rows.length === 0
      ? ''
      : `### ${name}\n\n| requirement | asks for | shown by |\n|---|---|---|\n${rows.join('')}\n`
  })
  return `${met.join('')}## Not met yet, or in part\n\n${renderMissing(tests)}`
}

function renderRow(entry: Requirement, tests: readonly NamedTest[]): string {
  const { id, what, document, elsewhere } = entry
  const shown = [
    ...tests.filter(({ requirements }) => requirements.includes(id)).map(renderTest),
    ...(elsewhere ? [`[${elsewhere.title}](../${elsewhere.file})`] : []),
    ...(document === undefined ? [] : [`written down in [${document}](../${document})`]),
  ]
  return shown.length === 0 ? '' : `| ${id} | ${what} | ${shown.join('<br>')} |\n`
}

function renderTest({ file, title }: NamedTest): string {
  return `[${file.replace('.test.ts', '')}](${file}): ${title.replaceAll('|', '\\|')}`
}

function renderMissing(tests: readonly NamedTest[]): string {
  const named = new Set(tests.flatMap(({ requirements }) => requirements))
  const byReason = Map.groupBy(
    chapters.flatMap(({ requirements }) => requirements).filter(({ missing }) => missing),
    ({ missing }) => missing ?? '',
  )
  const rows = [...byReason].map(([reason, entries]) => {
    const ids = entries.map(({ id }) => (named.has(id) ? `${id} (in part)` : id))
    return `| ${reason} | ${ids.join(', ')} |\n`
  })
  return `| why | requirements |\n|---|---|\n${rows.join('')}`
}
