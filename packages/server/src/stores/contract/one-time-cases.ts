import assert from 'node:assert/strict'
import { type ContractCases, countOf, oddTexts, pruneAll, race, start } from './subject.ts'

const end = start + 60_000

export const oneTimeCases: ContractCases = {
  'an item is spent once, whichever handle asks': async ({ store, other }) => {
    assert.equal(await store.consumeOnce('code', 'a', end, start), true)
    assert.equal(await store.consumeOnce('code', 'a', end, start), false)
    assert.equal(await other.consumeOnce('code', 'a', end, start + 1), false)
    assert.equal(await other.consumeOnce('code', 'a', end + 9, end - 1), false, 'until it expires')
    assert.equal(await other.consumeOnce('code', 'b', end, start), true)
  },

  'kinds are separate, however their names and ids run together': async ({ store }) => {
    const items = [
      ['code', 'a'],
      ['link', 'a'],
      ['code:a', 'b'],
      ['code', 'a:b'],
      ['a', ''],
      ['', 'a'],
      ['Code', 'a'],
      ['code', 'A'],
      ['code', 'x'.repeat(200)],
      ...oddTexts.map((text) => ['odd', text] as const),
    ] as const
    for (const [kind, id] of items) {
      assert.equal(await store.consumeOnce(kind, id, end, start), true, `${kind} ${id}`)
    }
    for (const [kind, id] of items) {
      assert.equal(await store.consumeOnce(kind, id, end, start), false, `${kind} ${id}`)
    }
  },

  'what has expired cannot be spent, not even after it was pruned': async ({ store, other }) => {
    assert.equal(await store.consumeOnce('code', 'late', start, start), false)
    assert.equal(await store.consumeOnce('code', 'late', start - 1, start), false)
    assert.equal(await store.consumeOnce('code', 'a', end, start), true)
    assert.equal(await other.consumeOnce('code', 'a', end, end), false)
    await store.pruneConsumed(end + 1, 100)
    assert.equal(await other.consumeOnce('code', 'a', end, end + 1), false)
  },

  'an expired name is free for another item, which is spent once too': async (subject) => {
    const { store } = subject
    await store.consumeOnce('code', 'a', end, start)
    const results = await race(subject, 20, (handle) =>
      handle.consumeOnce('code', 'a', end + 60_000, end),
    )
    assert.equal(countOf(results, true), 1)
  },

  'of 20 that spend one item at once, one does, 50 times over': async (subject) => {
    for (let round = 0; round < 50; round++) {
      const results = await race(subject, 20, (store) =>
        store.consumeOnce('code', `item ${round}`, end, start),
      )
      assert.equal(countOf(results, true), 1)
    }
  },

  'pruning deletes expired items, no more than the limit a call': async ({ store }) => {
    for (let count = 0; count < 7; count++) {
      await store.consumeOnce('code', `over ${count}`, end, start)
    }
    await store.consumeOnce('code', 'live', end + 1, start)
    assert.equal(await pruneAll((limit) => store.pruneConsumed(end + 1, limit), 3, 8), 7)
    assert.equal(await store.consumeOnce('code', 'live', end + 1, start), false)
  },
}
