import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

// In a process of its own, where nothing else is made or cleared up meanwhile.
test('100,000 live revocations take less than 30 MiB of memory', (t) => {
  const script = join(import.meta.dirname, 'memory.fixture.ts')
  const words = ['--expose-gc', '--conditions=@countersign/source', script, '100000']
  const taken = Number(execFileSync(process.execPath, words, { encoding: 'utf8' })) / 2 ** 20
  t.diagnostic(`${taken.toFixed(1)} MiB`)
  assert.ok(taken > 5, 'they were kept')
  assert.ok(taken < 30, `${taken} MiB`)
})
