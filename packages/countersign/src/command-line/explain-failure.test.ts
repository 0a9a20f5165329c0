import assert from 'node:assert/strict'
import { existsSync, openSync, writeSync } from 'node:fs'
import { test } from 'node:test'
import { explainFailure } from './explain-failure.ts'

const hasFullDevice = { skip: !existsSync('/dev/full') && 'there is no /dev/full' }
test('a log that cannot be written is told in one line', hasFullDevice, () => {
  const log = openSync('/dev/full', 'w')
  try {
    writeSync(log, 'a line')
    assert.fail('/dev/full took it')
  } catch (error) {
    const { message, exitCode } = explainFailure(error)
    assert.match(message, /^The log cannot be written \(ENOSPC[^)]*\): make room where it goes\.$/)
    assert.equal(exitCode, 1)
  }
})

test('what nobody foresaw keeps its stack', () => {
  const { message, exitCode } = explainFailure(new Error('a surprise'))
  assert.match(message, /^Unexpected failure: Error: a surprise\n\s+at /)
  assert.equal(exitCode, 1)
})
