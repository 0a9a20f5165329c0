import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { chapters } from './catalogue.ts'
import { namedTests, renderReadme, titlesIn } from './requirements.ts'

const folder = import.meta.dirname
const root = resolve(folder, '..')
const tests = namedTests(folder)
const catalogue = chapters.flatMap(({ requirements }) => requirements)

test('titles are found however they are written', () => {
  const source = `
    test('one (v5.0.0-1.2.3)', () => {})
    test("it's two", () => {})
    test(\`three: \${door} (RFC 1 §2)\`, () => {})
    test(
      'four',
      () => {},
    )
    pattern.test('five')
  `
  const expected = ['one (v5.0.0-1.2.3)', "it's two", 'three (RFC 1 §2)', 'four']
  assert.deepEqual(titlesIn(source), expected)
  assert.ok(tests.length > 150)
})

test('every requirement that a title names is in the catalogue, once', () => {
  const ids = catalogue.map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)
  const named = new Set(tests.flatMap(({ requirements }) => requirements))
  assert.deepEqual(
    [...named].filter((id) => !ids.includes(id)),
    [],
  )
})

test('every requirement of the catalogue is shown by a test or a document, or said to be missing', () => {
  const named = new Set(tests.flatMap(({ requirements }) => requirements))
  const silent = catalogue.filter(
    ({ id, missing, document, elsewhere }) =>
      !named.has(id) && missing === undefined && document === undefined && elsewhere === undefined,
  )
  assert.deepEqual(
    silent.map(({ id }) => id),
    [],
  )
})

test('every document and every test that the catalogue points to exists', () => {
  for (const { id, document, elsewhere } of catalogue) {
    if (document !== undefined) assert.ok(existsSync(join(root, document)), id)
    if (elsewhere === undefined) continue
    const titles = titlesIn(readFileSync(join(root, elsewhere.file), 'utf8'))
    assert.ok(titles.includes(elsewhere.title), id)
  }
})

test('the tables of README.md are those of the catalogue and the tests', () => {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  const expected = renderReadme(readme, tests)
  assert.equal(readme, expected, 'run node tools/write-reference.ts')
})
