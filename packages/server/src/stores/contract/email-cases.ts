import assert from 'node:assert/strict'
import { type ContractCases, countOf, insertAccount, newId, race, start } from './subject.ts'

const later = start + 5_000
const email = { address: 'Ada@example.org', key: 'ada@example.org' }

export const emailCases: ContractCases = {
  'an address that is confirmed belongs to its account and finds it': async ({ store, other }) => {
    const ada = await insertAccount(store, { email: 'Ada@example.org' })
    assert.equal(await store.findAccountByVerifiedEmail(email.key), undefined)
    const confirmed = await store.confirmEmail(
      ada.id,
      { seen: 'Ada@example.org', seenEpoch: 0, email },
      later,
    )
    const expected = {
      ...ada,
      email: email.address,
      verifiedEmailKey: email.key,
      updatedAt: later,
    }
    assert.deepEqual(confirmed, expected)
    assert.deepEqual(await other.findAccountByVerifiedEmail(email.key), expected)
    assert.deepEqual(await other.findAccount(ada.id), expected)
  },

  'an address is confirmed only while it is the one that was asked about': async ({ store }) => {
    const ada = await insertAccount(store, { email: 'other@example.org' })
    assert.equal(
      await store.confirmEmail(ada.id, { seen: email.address, seenEpoch: 0, email }, later),
      undefined,
    )
    assert.equal(
      await store.confirmEmail(ada.id, { seen: null, seenEpoch: 0, email }, later),
      undefined,
    )
    assert.equal(
      await store.confirmEmail(newId(), { seen: null, seenEpoch: 0, email }, later),
      undefined,
    )
    const bob = await insertAccount(store)
    const confirmed = await store.confirmEmail(bob.id, { seen: null, seenEpoch: 0, email }, later)
    assert.ok(typeof confirmed === 'object' && confirmed.email === email.address)
  },

  'an address is confirmed only in the epoch that was seen': async ({ store }) => {
    const ada = await insertAccount(store, { email: email.address, sessionEpoch: 3 })
    const bob = await insertAccount(store, { sessionEpoch: 3 })
    for (const { id, email: seen } of [ada, bob]) {
      for (const seenEpoch of [2, 4]) {
        assert.equal(await store.confirmEmail(id, { seen, seenEpoch, email }, later), undefined)
      }
    }
    assert.equal(await store.findAccountByVerifiedEmail(email.key), undefined)
    const change = { seen: email.address, seenEpoch: 3, email }
    assert.ok(typeof (await store.confirmEmail(ada.id, change, later)) === 'object')
  },

  'unverified addresses block nothing, and of 20 that confirm one, one does': async (subject) => {
    const { store } = subject
    const accounts = await Promise.all(
      Array.from({ length: 20 }, () => insertAccount(store, { email: email.address })),
    )
    const results = await race(subject, 20, (handle, turn) =>
      handle.confirmEmail(
        accounts[turn]?.id ?? '',
        { seen: email.address, seenEpoch: 0, email },
        later,
      ),
    )
    assert.equal(countOf(results, 'email_taken'), 19)
    const owner = await store.findAccountByVerifiedEmail(email.key)
    assert.deepEqual(
      results.find((result) => typeof result === 'object'),
      owner,
    )
    const loser = accounts.find(({ id }) => id !== owner?.id)
    const recovery = { seenEpoch: 0, email, dropsFactors: false }
    assert.equal(await store.recoverAccount(loser?.id ?? '', recovery, later), 'email_taken')
    assert.equal((await store.findAccount(loser?.id ?? ''))?.sessionEpoch, 0)
  },

  'an address that the profile changes is not verified any more, and free': async ({ store }) => {
    const ada = await insertAccount(store, { email: email.address })
    await store.confirmEmail(ada.id, { seen: email.address, seenEpoch: 0, email }, later)
    await store.changeProfile(ada.id, { username: { shown: 'Ada2', key: 'ada2' } }, later)
    assert.equal((await store.findAccountByVerifiedEmail(email.key))?.id, ada.id)
    await store.changeProfile(ada.id, { email: 'mallory@example.org' }, later)
    assert.equal(await store.findAccountByVerifiedEmail(email.key), undefined)
    const bob = await insertAccount(store, { email: email.address })
    const confirmed = await store.confirmEmail(
      bob.id,
      { seen: email.address, seenEpoch: 0, email },
      later,
    )
    assert.ok(typeof confirmed === 'object')
  },

  'the address of a deleted account is free': async ({ store }) => {
    const ada = await insertAccount(store, { email: email.address })
    await store.confirmEmail(ada.id, { seen: email.address, seenEpoch: 0, email }, later)
    await store.deleteAccount(ada.id, later)
    assert.equal(await store.findAccountByVerifiedEmail(email.key), undefined)
    const bob = await insertAccount(store)
    assert.ok(
      typeof (await store.confirmEmail(bob.id, { seen: null, seenEpoch: 0, email }, later)) ===
        'object',
    )
  },

  'a recovery changes all in one write, and only in the epoch that it saw': async ({
    store,
    other,
  }) => {
    const ada = await insertAccount(store, { sessionEpoch: 3, tokenEpoch: 5, factorEpoch: 1 })
    const recovery = { seenEpoch: 3, passwordHash: 'new', email, dropsFactors: true }
    const recovered = await store.recoverAccount(ada.id, recovery, later)
    const expected = {
      ...ada,
      passwordHash: 'new',
      email: email.address,
      verifiedEmailKey: email.key,
      sessionEpoch: 4,
      tokenEpoch: 6,
      factorEpoch: 2,
      updatedAt: later,
    }
    assert.deepEqual(recovered, expected)
    assert.equal(await other.recoverAccount(ada.id, recovery, later), undefined)
    assert.deepEqual(await other.findAccount(ada.id), expected)
    const plain = { seenEpoch: 4, dropsFactors: false }
    const again = await other.recoverAccount(ada.id, plain, later)
    assert.deepEqual(again, { ...expected, sessionEpoch: 5, tokenEpoch: 7 })
    const revocations = await store.findRevocations(later)
    assert.deepEqual(revocations, [{ kind: 'subject', subject: ada.id, epoch: 7, at: later }])
  },

  'of 20 recoveries of one epoch, one happens': async (subject) => {
    const ada = await insertAccount(subject.store)
    const results = await race(subject, 20, (store, turn) =>
      store.recoverAccount(
        ada.id,
        { seenEpoch: 0, passwordHash: `hash ${turn}`, dropsFactors: false },
        later,
      ),
    )
    assert.equal(countOf(results, undefined), 19)
    assert.equal((await subject.store.findAccount(ada.id))?.sessionEpoch, 1)
  },
}
