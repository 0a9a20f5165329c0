import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainFailure } from './explain-failure.ts'

test('what nobody foresaw keeps its stack', () => {
  const { message, exitCode } = explainFailure(new Error('a surprise'))
  assert.match(message, /^Unexpected failure: Error: a surprise\n\s+at /)
  assert.equal(exitCode, 1)
})
