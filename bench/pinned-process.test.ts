import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMemory, parseSchedstat } from './pinned-process.ts'

test('processor time and waiting time are read from nanoseconds', () => {
  assert.deepEqual(parseSchedstat('1058132000 79578000 2\n'), {
    usedMs: 1058.132,
    waitedMs: 79.578,
  })
})

test('resident memory and its peak are read from kibibytes', () => {
  const status = 'Name:\tnode\nVmPeak:\t  999 kB\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\n'
  assert.deepEqual(parseMemory(status), { residentMiB: 100, peakMiB: 200 })
})
