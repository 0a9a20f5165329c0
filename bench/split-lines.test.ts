import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { partsInTurn, splitLines } from './split-lines.ts'

test('no line is in two parts, and each part spreads over the whole file', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'split-lines-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'tokens')
  writeFileSync(file, 'a 1\nb 2\nc 3\nd 4\ne 5\n')
  const parts = splitLines(file, 2).map((part) => readFileSync(part, 'utf8'))
  assert.deepEqual(parts, ['a 1\nc 3\ne 5\n', 'b 2\nd 4\n'])
})

test('a part is given out once: a refresh token that was used must not come back', () => {
  const next = partsInTurn(['first', 'second'])
  assert.equal(next(), 'first')
  assert.equal(next(), 'second')
  assert.throws(next, /more turns than parts/)
})
