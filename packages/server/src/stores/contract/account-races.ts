import assert from 'node:assert/strict'
import {
  type ContractCases,
  countOf,
  insertAccount,
  race,
  sampleAccount,
  start,
} from './subject.ts'

const later = start + 5_000

export const accountRaces: ContractCases = {
  'of 20 that register one name at once, one gets it': async (subject) => {
    const spellings = ['Ada', 'ADA', 'ada', 'aDa']
    const accounts = Array.from({ length: 20 }, (_, turn) =>
      sampleAccount({ username: spellings[turn % spellings.length] ?? '' }),
    )
    const results = await race(subject, 20, (store, turn) =>
      store.insertAccount(accounts[turn] ?? sampleAccount(), 'ada'),
    )
    assert.equal(countOf(results, 'inserted'), 1)
    assert.equal(countOf(results, 'username_taken'), 19)
    const winner = accounts[results.indexOf('inserted')]
    assert.deepEqual(await subject.other.findAccountByUsername('ada'), winner)
    assert.equal((await subject.store.listAccounts({ limit: 50 })).length, 1)
  },

  'of 20 that take one name at once, one gets it and the others keep theirs': async (subject) => {
    const accounts = await race(subject, 20, (store) => insertAccount(store))
    const change = { username: { shown: 'Ada', key: 'ada' } }
    const results = await race(subject, 20, (store, turn) =>
      store.changeProfile(accounts[turn]?.id ?? '', change, later),
    )
    assert.equal(countOf(results, 'username_taken'), 19)
    for (const [turn, account] of accounts.entries()) {
      const hasWon = results[turn] !== 'username_taken'
      const found = await subject.store.findAccount(account.id)
      assert.equal(found?.username, hasWon ? 'Ada' : account.username)
      const byOldName = await subject.other.findAccountByUsername(account.username.toLowerCase())
      assert.equal(byOldName?.id, hasWon ? undefined : account.id)
    }
  },

  'of 20 password changes from one hash, one happens': async (subject) => {
    const ada = await insertAccount(subject.store, { passwordHash: 'old' })
    const results = await race(subject, 20, (store, turn) =>
      store.changePassword(ada.id, { from: 'old', to: `new ${turn}` }, later),
    )
    const winners = results.filter((result) => result !== undefined)
    assert.equal(winners.length, 1)
    assert.equal(winners[0]?.sessionEpoch, 1)
    assert.deepEqual(await subject.other.findAccount(ada.id), winners[0])
  },

  'a rehash never undoes a password change': async (subject) => {
    for (let round = 0; round < 10; round++) {
      const ada = await insertAccount(subject.store, { passwordHash: 'old' })
      await Promise.all([
        subject.other.replaceHash(ada.id, 'old', 'old, rehashed'),
        subject.store.changePassword(ada.id, { to: 'new' }, later),
        subject.other.replaceHash(ada.id, 'old', 'old, rehashed'),
      ])
      assert.equal((await subject.store.findAccount(ada.id))?.passwordHash, 'new')
    }
  },

  'no raising of epochs is lost among others': async (subject) => {
    const ada = await insertAccount(subject.store, { passwordHash: 'old' })
    const results = await race(subject, 30, (store, turn) =>
      turn % 3 === 0
        ? store.changePassword(ada.id, { to: `hash ${turn}` }, later)
        : store.raiseEpochs(ada.id, later),
    )
    const epochs = results.map((account) => account?.tokenEpoch ?? 0).sort((a, b) => a - b)
    assert.deepEqual(
      epochs,
      Array.from({ length: 30 }, (_, index) => index + 1),
      'each answer is the account right after its own change',
    )
    const after = await subject.store.findAccount(ada.id)
    assert.equal(after?.sessionEpoch, 30)
    assert.equal(after?.tokenEpoch, 30)
  },

  'of 20 that disable one account at once, one raises the epochs': async (subject) => {
    const ada = await insertAccount(subject.store)
    const change = { disabled: true }
    await race(subject, 20, (store) => store.changeStanding(ada.id, change, later))
    const after = await subject.other.findAccount(ada.id)
    assert.equal(after?.disabled, true)
    assert.equal(after?.sessionEpoch, 1)
    assert.equal(after?.tokenEpoch, 1)
  },

  'changes to different parts of one account lose nothing of each other': async (subject) => {
    const ada = await insertAccount(subject.store, { passwordHash: 'old' })
    await race(subject, 4, (store, turn) => {
      if (turn === 0) return store.changeStanding(ada.id, { role: 'admin' }, later)
      if (turn === 1) return store.changeProfile(ada.id, { email: 'a@example.com' }, later)
      if (turn === 2) return store.changePassword(ada.id, { to: 'new' }, later)
      return store.changeStanding(ada.id, { disabled: true }, later)
    })
    assert.deepEqual(await subject.store.findAccount(ada.id), {
      ...ada,
      role: 'admin',
      email: 'a@example.com',
      passwordHash: 'new',
      disabled: true,
      sessionEpoch: 2,
      tokenEpoch: 3,
      updatedAt: later,
    })
  },

  'of 10 that delete one account at once, one does, and a change finds it or not': async (
    subject,
  ) => {
    const ada = await insertAccount(subject.store, { username: 'ada' })
    const [deletions, changes] = await Promise.all([
      race(subject, 10, (store) => store.deleteAccount(ada.id, later)),
      race(subject, 10, (store) => store.changeProfile(ada.id, { email: 'a@b.example' }, later)),
    ])
    assert.equal(countOf(deletions, true), 1)
    assert.ok(changes.every((change) => change === 'not_found' || typeof change === 'object'))
    assert.equal(await subject.store.findAccount(ada.id), undefined)
    assert.equal(await subject.other.findAccountByUsername('ada'), undefined)
  },
}
