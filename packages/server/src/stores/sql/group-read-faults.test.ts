import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestClock } from '../../foundation/deterministic.fixture.ts'
import { openMemoryStore } from '../memory-store.fixture.ts'
import { createFailingDisk } from './failing-disk.fixture.ts'

test('reads of one turn on a disk that fails leave no transaction in the way of writes', async (t) => {
  const disk = createFailingDisk(t)
  const store = await openMemoryStore(t, createTestClock())
  for (let number = 1; number <= 6; number++) {
    disk.failFrom(number)
    const reads = [1, 2, 3].map(() => store.findAccount('ada'))
    await Promise.allSettled(reads)
    disk.mend()
    assert.equal(await store.consumeOnce('code', `after ${number}`, 2, 1), true)
    assert.equal(await store.findAccount('ada'), undefined)
  }
})
