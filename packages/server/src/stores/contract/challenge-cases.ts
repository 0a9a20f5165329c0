import assert from 'node:assert/strict'
import { type ContractCases, countOf, pruneAll, race, sampleChallenge, start } from './subject.ts'

const end = start + 60_000

export const challengeCases: ContractCases = {
  'a challenge comes back as it was stored, with the attempt counted': async ({ store, other }) => {
    const challenge = sampleChallenge({ subject: 'ada', payload: '{"a":"b"}' })
    await store.putChallenge(challenge)
    const attempted = await other.attemptChallenge('code', 'a', 3, start)
    assert.deepEqual(attempted, { ...challenge, attempts: 1 })
    assert.equal(await other.attemptChallenge('link', 'a', 3, start), undefined)
    assert.equal(await other.attemptChallenge('code', 'b', 3, start), undefined)
  },

  'of 20 that answer at once, as many as the limit get to, 20 times over': async (subject) => {
    for (let round = 0; round < 20; round++) {
      const id = `round ${round}`
      await subject.store.putChallenge(sampleChallenge({ id }))
      const results = await race(subject, 20, (store) =>
        store.attemptChallenge('code', id, 5, start),
      )
      assert.equal(countOf(results, undefined), 15)
    }
  },

  'of 20 that spend a challenge at once, one does, 20 times over': async (subject) => {
    for (let round = 0; round < 20; round++) {
      const id = `round ${round}`
      await subject.store.putChallenge(sampleChallenge({ id }))
      const results = await race(subject, 20, (store) => store.spendChallenge('code', id, 'hash'))
      assert.equal(countOf(results, true), 1)
      assert.equal(await subject.store.attemptChallenge('code', id, 5, start), undefined)
    }
  },

  'a newer challenge replaces the older one, whose answer is void': async ({ store, other }) => {
    await store.putChallenge(sampleChallenge({ payload: 'old' }))
    await store.attemptChallenge('code', 'a', 1, start)
    await other.putChallenge(sampleChallenge({ payload: 'new' }))
    assert.equal(await store.spendChallenge('code', 'a', 'old'), false)
    assert.equal((await store.attemptChallenge('code', 'a', 1, start))?.payload, 'new')
    assert.equal(await store.spendChallenge('code', 'a', 'new'), true)
  },

  'of many that are put at once, one stays': async (subject) => {
    await race(subject, 20, (store, turn) =>
      store.putChallenge(sampleChallenge({ payload: `hash ${turn}` })),
    )
    const left = await subject.store.attemptChallenge('code', 'a', 1, start)
    assert.match(left?.payload ?? '', /^hash \d+$/)
    assert.equal(await subject.other.spendChallenge('code', 'a', left?.payload ?? ''), true)
  },

  'an expired challenge cannot be answered, and is pruned': async ({ store }) => {
    for (let count = 0; count < 7; count++) {
      await store.putChallenge(sampleChallenge({ id: `over ${count}` }))
    }
    await store.putChallenge(sampleChallenge({ id: 'live', expiresAt: end + 1 }))
    assert.equal(await store.attemptChallenge('code', 'over 1', 5, end), undefined)
    assert.equal(await pruneAll((limit) => store.pruneChallenges(end + 1, limit), 3, 8), 7)
    assert.ok(await store.attemptChallenge('code', 'live', 5, end))
  },
}
