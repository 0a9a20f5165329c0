import assert from 'node:assert/strict'
import type { Account } from '../../accounts/account.ts'
import {
  type ContractCases,
  insertAccount,
  insertSession,
  newId,
  oddTexts,
  race,
  sampleAccount,
  start,
} from './subject.ts'

const later = start + 5_000

export const accountCases: ContractCases = {
  'an account is found by its id and its name, every field as it was': async ({ store, other }) => {
    const account = sampleAccount({
      username: 'Ada.Lovelace-1_x',
      email: 'ada@example.com',
      disabled: true,
      role: 'admin',
      sessionEpoch: 2 ** 31 + 1,
      tokenEpoch: 2 ** 53 - 1,
      createdAt: start,
      updatedAt: 2 ** 53 - 1,
    })
    assert.equal(await store.insertAccount(account, 'ada.lovelace-1_x'), 'inserted')
    for (const handle of [store, other]) {
      assert.deepEqual(await handle.findAccount(account.id), account)
      assert.deepEqual(await handle.findAccountByUsername('ada.lovelace-1_x'), account)
      assert.equal(await handle.findAccountByUsername('Ada.Lovelace-1_x'), undefined)
      assert.equal(await handle.findAccount(newId()), undefined)
    }
  },

  'odd text stays as it is in every field that people fill': async ({ store }) => {
    for (const text of oddTexts) {
      const account = sampleAccount({ username: text, email: text, passwordHash: text, role: text })
      assert.equal(await store.insertAccount(account, `key ${text}`), 'inserted')
      assert.deepEqual(await store.findAccount(account.id), account)
      assert.deepEqual(await store.findAccountByUsername(`key ${text}`), account)
    }
  },

  'names that differ in any character are different names': async ({ store }) => {
    const keys = ['strasse', 'straße', 'resume', 'résumé', 're\u0301sume\u0301', 'a', 'a ', 'а']
    for (const key of keys) {
      assert.equal(await store.insertAccount(sampleAccount({ username: key }), key), 'inserted')
    }
    for (const key of keys) {
      assert.equal((await store.findAccountByUsername(key))?.username, key)
    }
  },

  'text that nobody could have registered finds nobody and harms nothing': async ({ store }) => {
    await insertAccount(store, { username: 'ada' })
    for (const text of ['a\0da', '\0', '', '\ud800', 'x'.repeat(10_000)]) {
      assert.equal(await store.findAccountByUsername(text), undefined)
      assert.equal(await store.findAccount(text), undefined)
      if (text !== '')
        assert.deepEqual(await store.listAccounts({ limit: 5, usernamePart: text }), [])
    }
    assert.ok(await store.findAccountByUsername('ada'))
  },

  'a name that is taken stays with its owner': async ({ store }) => {
    const ada = await insertAccount(store, { username: 'Ada' })
    const second = sampleAccount({ username: 'ADA' })
    assert.equal(await store.insertAccount(second, 'ada'), 'username_taken')
    assert.equal(await store.findAccount(second.id), undefined)
    assert.deepEqual(await store.findAccountByUsername('ada'), ada)
  },

  'a profile changes in the parts that are named, and in no other': async ({ store }) => {
    const ada = await insertAccount(store, { username: 'Ada', email: 'ada@example.com' })
    const named = await store.changeProfile(
      ada.id,
      { username: { shown: 'ADA', key: 'ada' } },
      later,
    )
    assert.deepEqual(named, { ...ada, username: 'ADA', updatedAt: later })
    const noAddress = await store.changeProfile(ada.id, { email: null }, later + 1)
    assert.deepEqual(noAddress, { ...ada, username: 'ADA', email: null, updatedAt: later + 1 })
    const both = { username: { shown: 'Augusta', key: 'augusta' }, email: 'a@example.org' }
    const changed = await store.changeProfile(ada.id, both, later + 2)
    const expected = { ...ada, username: 'Augusta', email: 'a@example.org', updatedAt: later + 2 }
    assert.deepEqual(changed, expected)
    assert.deepEqual(await store.findAccountByUsername('augusta'), expected)
    assert.equal(await store.findAccountByUsername('ada'), undefined, 'the old name is free')
    assert.equal(await store.changeProfile(newId(), { email: null }, later), 'not_found')
  },

  'a profile whose new name is taken does not change at all': async ({ store }) => {
    await insertAccount(store, { username: 'ada' })
    const bob = await insertAccount(store, { username: 'bob', email: 'bob@example.com' })
    const change = { username: { shown: 'Ada', key: 'ada' }, email: 'x@example.com' }
    assert.equal(await store.changeProfile(bob.id, change, later), 'username_taken')
    assert.deepEqual(await store.findAccount(bob.id), bob)
    assert.deepEqual(await store.findAccountByUsername('bob'), bob)
  },

  'a rehash replaces only the hash that it was made from': async ({ store }) => {
    const ada = await insertAccount(store, { passwordHash: 'old' })
    assert.equal(await store.replaceHash(ada.id, 'other', 'new'), false)
    assert.equal(await store.replaceHash(newId(), 'old', 'new'), false)
    assert.deepEqual(await store.findAccount(ada.id), ada)
    assert.equal(await store.replaceHash(ada.id, 'old', 'new'), true)
    assert.deepEqual(await store.findAccount(ada.id), { ...ada, passwordHash: 'new' })
  },

  'a password change raises both epochs, and checks the hash it was asked to': async ({
    store,
  }) => {
    const ada = await insertAccount(store, { passwordHash: 'one' })
    const wrong = await store.changePassword(ada.id, { from: 'other', to: 'two' }, later)
    assert.equal(wrong, undefined)
    assert.deepEqual(await store.findAccount(ada.id), ada)
    const changed = await store.changePassword(ada.id, { from: 'one', to: 'two' }, later)
    const expected = {
      ...ada,
      passwordHash: 'two',
      sessionEpoch: 1,
      tokenEpoch: 1,
      updatedAt: later,
    }
    assert.deepEqual(changed, expected)
    assert.deepEqual(await store.findAccount(ada.id), expected)
    const late = { from: 'two', seenEpoch: 0, to: 'three' }
    assert.equal(await store.changePassword(ada.id, late, later), undefined)
    assert.deepEqual(await store.findAccount(ada.id), expected)
    const forced = await store.changePassword(ada.id, { to: 'three' }, later)
    assert.deepEqual(forced, { ...expected, passwordHash: 'three', sessionEpoch: 2, tokenEpoch: 2 })
    const seen = await store.changePassword(ada.id, { ...late, from: 'three', seenEpoch: 2 }, later)
    assert.equal(seen?.sessionEpoch, 3)
    assert.equal(await store.changePassword(newId(), { to: 'x' }, later), undefined)
  },

  'a change of role raises the token epoch alone': async ({ store }) => {
    const ada = await insertAccount(store)
    const changed = await store.changeStanding(ada.id, { role: 'admin' }, later)
    assert.deepEqual(changed, { ...ada, role: 'admin', tokenEpoch: 1, updatedAt: later })
    assert.deepEqual(await store.findAccount(ada.id), changed)
  },

  'disabling raises both epochs, and enabling neither': async ({ store }) => {
    const ada = await insertAccount(store)
    const disabled = await store.changeStanding(ada.id, { disabled: true }, later)
    const expected = { ...ada, disabled: true, sessionEpoch: 1, tokenEpoch: 1, updatedAt: later }
    assert.deepEqual(disabled, expected)
    const enabled = await store.changeStanding(ada.id, { disabled: false }, later + 1)
    assert.deepEqual(enabled, { ...expected, disabled: false, updatedAt: later + 1 })
  },

  'a role and a disabling together raise both epochs': async ({ store }) => {
    const ada = await insertAccount(store, { sessionEpoch: 3, tokenEpoch: 5 })
    const changed = await store.changeStanding(ada.id, { role: 'admin', disabled: true }, later)
    assert.equal(changed?.role, 'admin')
    assert.equal(changed?.disabled, true)
    assert.ok((changed?.sessionEpoch ?? 0) > 3)
    assert.ok((changed?.tokenEpoch ?? 0) > 5)
  },

  'a standing that is already so is left alone': async ({ store }) => {
    const ada = await insertAccount(store, { role: 'admin', disabled: true })
    const same = [{ role: 'admin' }, { disabled: true }, { role: 'admin', disabled: true }, {}]
    for (const change of same) {
      assert.deepEqual(await store.changeStanding(ada.id, change, later), ada)
    }
    assert.deepEqual(await store.findRevocations(0), [])
    assert.equal(await store.changeStanding(newId(), { disabled: true }, later), undefined)
  },

  'raising the epochs changes nothing else': async ({ store }) => {
    const ada = await insertAccount(store)
    const raised = await store.raiseEpochs(ada.id, later)
    assert.deepEqual(raised, { ...ada, sessionEpoch: 1, tokenEpoch: 1 })
    assert.deepEqual(await store.findAccount(ada.id), raised)
    assert.equal(await store.raiseEpochs(newId(), later), undefined)
  },

  'of all who raise the epoch that they have seen, one does': async (subject) => {
    const ada = await insertAccount(subject.store)
    const raises = await race(subject, 8, (store) => store.raiseEpochs(ada.id, later, 0))
    const expected = { ...ada, sessionEpoch: 1, tokenEpoch: 1 }
    assert.deepEqual(
      raises.filter((raised) => raised !== undefined),
      [expected],
    )
    assert.deepEqual(await subject.store.findAccount(ada.id), expected)
    assert.equal((await subject.store.raiseEpochs(ada.id, later, 1))?.sessionEpoch, 2)
  },

  'a deleted account is found by nothing, and its name is free': async ({ store }) => {
    const ada = await insertAccount(store, { username: 'ada', role: 'admin', passwordHash: 'one' })
    const session = await insertSession(store, ada.id)
    assert.equal(await store.deleteAccount(ada.id, later), true)
    assert.equal(await store.findAccount(ada.id), undefined)
    assert.equal(await store.findAccountByUsername('ada'), undefined)
    assert.deepEqual(await store.listAccounts({ limit: 10 }), [])
    assert.deepEqual(await store.listAccounts({ limit: 10, usernamePart: 'ada' }), [])
    assert.equal(await store.countOtherActiveAccounts('admin', ''), 0)
    const found = await store.findSessionWithAccount(session.id)
    assert.equal(found?.session.id, session.id)
    assert.equal(found?.account, undefined)
    const next = await insertAccount(store, { username: 'ada' })
    assert.deepEqual(await store.findAccountByUsername('ada'), next)
  },

  'nothing changes a deleted account': async ({ store }) => {
    const ada = await insertAccount(store, { username: 'ada', passwordHash: 'one' })
    await store.deleteAccount(ada.id, later)
    const [before] = await store.findRevocations(0)
    assert.equal(await store.deleteAccount(ada.id, later + 1), false)
    assert.equal(await store.changeProfile(ada.id, { email: 'a@b.example' }, later), 'not_found')
    const renaming = { username: { shown: 'eve', key: 'eve' } }
    assert.equal(await store.changeProfile(ada.id, renaming, later), 'not_found')
    assert.equal(await store.replaceHash(ada.id, 'one', 'two'), false)
    assert.equal(await store.replaceHash(ada.id, '', 'two'), false)
    assert.equal(await store.changePassword(ada.id, { to: 'two' }, later), undefined)
    assert.equal(await store.changePassword(ada.id, { from: '', to: 'two' }, later), undefined)
    assert.equal(await store.changeStanding(ada.id, { disabled: false }, later), undefined)
    assert.equal(await store.raiseEpochs(ada.id, later), undefined)
    assert.equal(await store.deleteAccount(newId(), later), false)
    assert.deepEqual(await store.findRevocations(0), [before])
    assert.equal(await store.findAccountByUsername('eve'), undefined)
  },

  'active accounts of a role are counted, one left out': async ({ store }) => {
    const ada = await insertAccount(store, { role: 'admin' })
    await insertAccount(store, { role: 'admin' })
    await insertAccount(store, { role: 'admin', disabled: true })
    await insertAccount(store, { role: 'user' })
    const gone = await insertAccount(store, { role: 'admin' })
    await store.deleteAccount(gone.id, later)
    assert.equal(await store.countOtherActiveAccounts('admin', ada.id), 1)
    assert.equal(await store.countOtherActiveAccounts('admin', ''), 2)
    assert.equal(await store.countOtherActiveAccounts('nobody', ''), 0)
  },
}

export const accountListCases: ContractCases = {
  'accounts are listed in order of creation, page by page': async ({ store }) => {
    const ids: string[] = []
    for (let count = 0; count < 7; count++) ids.push((await insertAccount(store)).id)
    const first = await store.listAccounts({ limit: 3 })
    assert.deepEqual(first.map(idOf), ids.slice(0, 3))
    const second = await store.listAccounts({ limit: 3, afterId: idOf(first[2]) })
    assert.deepEqual(second.map(idOf), ids.slice(3, 6))
    const third = await store.listAccounts({ limit: 3, afterId: idOf(second[2]) })
    assert.deepEqual(third.map(idOf), ids.slice(6))
    assert.deepEqual(await store.listAccounts({ limit: 3, afterId: idOf(third[0]) }), [])
    assert.equal((await store.listAccounts({ limit: 500 })).length, 7)
  },

  'accounts that come and go between two pages shift nothing': async ({ store, other }) => {
    const ids: string[] = []
    for (let count = 0; count < 6; count++) ids.push((await insertAccount(store)).id)
    const first = await store.listAccounts({ limit: 3 })
    const newest = await insertAccount(other)
    await other.deleteAccount(ids[2] ?? '', later)
    await other.deleteAccount(ids[4] ?? '', later)
    const rest = await store.listAccounts({ limit: 10, afterId: idOf(first[2]) })
    assert.deepEqual(rest.map(idOf), [ids[3], ids[5], newest.id])
  },

  'a search takes every character literally': async ({ store }) => {
    const names = ['100%_sure', 'a.b*c', 'back\\slash', `o'brien"x`, 'plain', '100xysure', 'aXbbc']
    for (const name of names) {
      await store.insertAccount(sampleAccount({ username: name }), name.toLowerCase())
    }
    const search = async (usernamePart: string) =>
      (await store.listAccounts({ limit: 50, usernamePart })).map(({ username }) => username)
    assert.deepEqual(await search('%'), ['100%_sure'])
    assert.deepEqual(await search('0%_s'), ['100%_sure'])
    assert.deepEqual(await search('_'), ['100%_sure'])
    assert.deepEqual(await search('a.b*'), ['a.b*c'])
    assert.deepEqual(await search('.*'), [])
    assert.deepEqual(await search('\\'), ['back\\slash'])
    assert.deepEqual(await search(`'b`), [`o'brien"x`])
    assert.deepEqual(await search('plain'), ['plain'])
    assert.deepEqual(await search('^p'), [])
    assert.deepEqual(await search('sure'), ['100%_sure', '100xysure'])
    assert.deepEqual(await search('xbb'), ['aXbbc'], 'the key is searched, not what is shown')
  },

  'a search pages like a list': async ({ store }) => {
    const ids: string[] = []
    for (let count = 0; count < 6; count++) {
      const username = `${count % 2 === 0 ? 'even' : 'odd'}-${count}`
      ids.push((await insertAccount(store, { username })).id)
    }
    const first = await store.listAccounts({ limit: 2, usernamePart: 'even' })
    assert.deepEqual(first.map(idOf), [ids[0], ids[2]])
    const query = { limit: 2, usernamePart: 'even', afterId: idOf(first[1]) }
    assert.deepEqual((await store.listAccounts(query)).map(idOf), [ids[4]])
  },
}

function idOf(account: Account | undefined): string {
  return account?.id ?? ''
}
