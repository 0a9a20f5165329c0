import assert from 'node:assert/strict'
import {
  type ContractCases,
  countOf,
  newId,
  oddTexts,
  race,
  sampleFactor,
  start,
} from './subject.ts'

export const factorCases: ContractCases = {
  'a factor is listed as it was stored, to its account alone': async ({ store, other }) => {
    const userId = newId()
    const factors = [
      sampleFactor(userId, { counter: 2 ** 32, epoch: 3, lastUsedAt: start + 1 }),
      sampleFactor(userId, { kind: 'passkey', externalId: 'AbC', secret: 'x'.repeat(4_000) }),
      ...oddTexts.map((text) => sampleFactor(userId, { name: text, secret: text })),
    ]
    for (const factor of factors) assert.equal(await store.insertFactor(factor), 'inserted')
    await store.insertFactor(sampleFactor(newId()))
    assert.deepEqual(await other.listFactors(userId), factors)
    assert.deepEqual(await other.listFactors(newId()), [])
    assert.deepEqual(await other.findFactorByExternalId('AbC'), factors[1])
    assert.equal(await other.findFactorByExternalId('abc'), undefined)
  },

  'all of one kind are listed, page by page': async ({ store, other }) => {
    const ids: string[] = []
    for (let count = 0; count < 5; count++) {
      const factor = sampleFactor(newId(), { kind: 'totp' })
      await store.insertFactor(factor)
      await store.insertFactor(sampleFactor(factor.userId, { kind: 'recovery' }))
      ids.push(factor.id)
    }
    const read: string[] = []
    for (let page; page === undefined || page.length > 0; ) {
      page = await other.listFactorsOfKind('totp', read.at(-1) ?? '', 2)
      assert.ok(page.length <= 2)
      read.push(...page.map(({ id }) => id))
    }
    assert.deepEqual(read, ids.toSorted())
  },

  'an external id belongs to one factor, and many have none': async (subject) => {
    const results = await race(subject, 20, (store) =>
      store.insertFactor(sampleFactor(newId(), { externalId: 'credential' })),
    )
    assert.equal(countOf(results, 'inserted'), 1)
    const without = await race(subject, 5, (store) => store.insertFactor(sampleFactor(newId())))
    assert.equal(countOf(without, 'inserted'), 5)
  },

  'of 20 that use one step or one secret at once, one does, 20 times over': async (subject) => {
    let seen = sampleFactor(newId())
    await subject.store.insertFactor(seen)
    for (let round = 1; round <= 20; round++) {
      const use = { counter: round, secret: `left ${round}`, lastUsedAt: start + round }
      const results = await race(subject, 20, (store) => store.swapFactor(seen, use))
      assert.equal(countOf(results, true), 1)
      seen = { ...seen, ...use }
      assert.deepEqual(await subject.other.listFactors(seen.userId), [seen])
    }
  },

  'a swap changes what it names and nothing else': async ({ store }) => {
    const seen = sampleFactor(newId(), { lastUsedAt: start, counter: 7 })
    await store.insertFactor(seen)
    assert.equal(await store.swapFactor(seen, { counter: 8 }), true)
    assert.equal(await store.swapFactor(seen, { counter: 9 }), false)
    assert.equal(await store.swapFactor({ ...seen, counter: 8, secret: 'other' }, {}), false)
    assert.deepEqual(await store.listFactors(seen.userId), [{ ...seen, counter: 8 }])
    const other = { secret: 'another', counter: 1, name: 'Other phone', createdAt: start + 9 }
    assert.equal(await store.swapFactor({ ...seen, counter: 8 }, other), true)
    assert.deepEqual(await store.listFactors(seen.userId), [{ ...seen, ...other }])
  },

  'a factor is renamed and deleted by its own account alone': async ({ store, other }) => {
    const factor = sampleFactor(newId())
    await store.insertFactor(factor)
    assert.equal(await other.renameFactor(newId(), factor.id, 'Mine'), false)
    assert.equal(await other.deleteFactor(newId(), factor.id), false)
    assert.equal(await other.renameFactor(factor.userId, factor.id, 'Mine'), true)
    assert.deepEqual(await store.listFactors(factor.userId), [{ ...factor, name: 'Mine' }])
    assert.equal(await store.deleteFactor(factor.userId, factor.id), true)
    assert.equal(await other.deleteFactor(factor.userId, factor.id), false)
    assert.deepEqual(await other.listFactors(factor.userId), [])
  },

  'dead factors are cleared away, by epoch, of one account': async ({ store }) => {
    const userId = newId()
    const dead = sampleFactor(userId, { epoch: 1 })
    const living = sampleFactor(userId, { epoch: 2 })
    const another = sampleFactor(newId(), { epoch: 1 })
    for (const factor of [dead, living, another]) await store.insertFactor(factor)
    assert.equal(await store.deleteFactors(userId, 2), 1)
    assert.deepEqual(await store.listFactors(userId), [living])
    assert.deepEqual(await store.listFactors(another.userId), [another])
  },
}
