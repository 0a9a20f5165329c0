import assert from 'node:assert/strict'
import { breathe, type ContractCases, countOf, race, start } from './subject.ts'

const end = start + 15_000

export const leaseCases: ContractCases = {
  'a lease has one holder, who may take it again and give it back': async ({ store, other }) => {
    assert.equal(await store.acquireLease('keys', 'a', end, start), true)
    assert.equal(await other.acquireLease('keys', 'b', end, start), false)
    assert.equal(await other.acquireLease('others', 'b', end, start), true, 'another lease is free')
    assert.equal(await store.acquireLease('keys', 'a', end + 10, start + 10), true)
    assert.equal(await other.acquireLease('keys', 'b', end + 20, end + 9), false, 'it was extended')
    await other.releaseLease('keys', 'b')
    assert.equal(
      await other.acquireLease('keys', 'b', end, start),
      false,
      'it is not theirs to give',
    )
    await store.releaseLease('keys', 'a')
    assert.equal(await other.acquireLease('keys', 'b', end, start), true)
    await store.releaseLease('keys', 'a')
    assert.equal(await store.acquireLease('keys', 'a', end, start), false)
    await store.releaseLease('never taken', 'a')
  },

  'a lease is free from the moment at which it expires': async ({ store, other }) => {
    await store.acquireLease('keys', 'a', end, start)
    assert.equal(await other.acquireLease('keys', 'b', end + 5, end - 1), false)
    assert.equal(await other.acquireLease('keys', 'b', end + 5, end), true)
    await store.releaseLease('keys', 'a')
    assert.equal(await store.acquireLease('keys', 'a', end + 9, end + 1), false, 'it has moved on')
  },

  'of 20 that want one lease at once, one gets it: a new, a free and an expired one': async (s) => {
    const acquireAll = (now: number) =>
      race(s, 20, (store, turn) => store.acquireLease('keys', `${now} ${turn}`, now + 10, now))
    const first = await acquireAll(start)
    assert.equal(countOf(first, true), 1)
    await s.store.releaseLease('keys', `${start} ${first.indexOf(true)}`)
    assert.equal(countOf(await acquireAll(start + 1), true), 1)
    assert.equal(countOf(await acquireAll(start + 5), true), 0)
    assert.equal(countOf(await acquireAll(start + 20), true), 1)
  },

  'what is done under a lease is done by one at a time': async (subject) => {
    let inside = 0
    let done = 0
    await race(subject, 12, async (store, turn) => {
      while (!(await store.acquireLease('alone', `${turn}`, end, start))) {
        await breathe()
      }
      inside++
      assert.equal(inside, 1)
      await store.findRevocations(0)
      inside--
      done++
      await store.releaseLease('alone', `${turn}`)
    })
    assert.equal(done, 12)
  },
}
