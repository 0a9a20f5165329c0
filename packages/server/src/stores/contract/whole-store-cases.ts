import assert from 'node:assert/strict'
import { StoreUnavailableError } from '../../foundation/store-failure.ts'
import type { Store } from '../store.ts'
import {
  type ContractCases,
  insertAccount,
  race,
  sampleAccount,
  sampleChallenge,
  sampleEvent,
  sampleFactor,
  sampleMail,
  start,
} from './subject.ts'

export const wholeStoreCases: ContractCases = {
  'a store says what it is and that it is ready': async ({ store, other }) => {
    assert.match(store.description, /\w+ \S+/)
    await store.checkReady()
    await other.checkReady()
    await race({ store, other, openAnother: undefined }, 10, (handle) => handle.checkReady())
  },

  'a store that is ready has changed nothing to find out': async ({ store, other }) => {
    const ada = await insertAccount(store)
    await store.checkReady()
    assert.deepEqual(await other.findAccount(ada.id), ada)
    assert.equal((await other.listAccounts({ limit: 9 })).length, 1)
  },

  'every handle on a store tells the same time, in whole milliseconds': async ({
    store,
    other,
  }) => {
    const times = [await store.readTime(), await other.readTime(), await store.readTime()]
    assert.ok(times.every(Number.isSafeInteger))
    assert.deepEqual(times, times.toSorted(ascending))
  },

  'closing finishes what was accepted, and may be asked for again': async ({
    store,
    openAnother,
  }) => {
    if (openAnother === undefined) return
    const closing = await openAnother()
    const accounts = Array.from({ length: 50 }, () => sampleAccount())
    const accepted = accounts.map((account) => closing.insertAccount(account, account.id))
    await Promise.all([closing.close(), closing.close()])
    await closing.close()
    assert.deepEqual(new Set(await Promise.all(accepted)), new Set(['inserted']))
    for (const account of accounts) {
      assert.deepEqual(await store.findAccountByUsername(account.id), account)
    }
  },

  'a store that was closed refuses everything as unavailable': async ({ store, openAnother }) => {
    if (openAnother === undefined) return
    const closed = await openAnother()
    await closed.close()
    for (const [name, act] of Object.entries(oneOfEach(closed))) {
      await assert.rejects(act(), StoreUnavailableError, name)
    }
    assert.deepEqual(await store.listAccounts({ limit: 9 }), [])
    await store.checkReady()
  },
}

function ascending(a: number, b: number): number {
  return a - b
}

/** A call of every operation. The type makes a new operation ask for its line here. */
function oneOfEach(
  store: Store,
): Readonly<Record<Exclude<keyof Store, 'description' | 'close'>, () => Promise<unknown>>> {
  const query = { userId: 'u', sessionEpoch: 0, usedAfter: 0, createdAfter: 0 }
  const limits = { ended: 0, used: 0, created: 0, limit: 1 }
  const account = sampleAccount()
  const session = { id: 's', salt: new Uint8Array(16), generation: 1, parent: null, epoch: 0 }
  const times = { rotatedAt: start, createdAt: start, lastUsedAt: start }
  const client = { userAgent: null, ip: null, amr: ['pwd'], authenticatedAt: start }
  const rest = { userId: 'u', endedAt: null, endReason: null, ...client }
  return {
    checkReady: () => store.checkReady(),
    readTime: () => store.readTime(),
    insertAccount: () => store.insertAccount(account, 'key'),
    findAccount: () => store.findAccount('u'),
    findAccountByUsername: () => store.findAccountByUsername('key'),
    ...oneOfEachOfWaysIn(store),
    listAccounts: () => store.listAccounts({ limit: 1 }),
    countOtherActiveAccounts: () => store.countOtherActiveAccounts('admin', ''),
    changeProfile: () => store.changeProfile('u', { email: null }, start),
    replaceHash: () => store.replaceHash('u', 'a', 'b'),
    changePassword: () => store.changePassword('u', { to: 'b' }, start),
    changeStanding: () => store.changeStanding('u', { disabled: true }, start),
    raiseEpochs: () => store.raiseEpochs('u', start),
    deleteAccount: () => store.deleteAccount('u', start),
    insertSession: () => store.insertSession({ ...session, ...times, ...rest }),
    findSessionWithAccount: () => store.findSessionWithAccount('s'),
    rotateSession: () =>
      store.rotateSession('s', { seen: 1, generation: 2, parent: 1, now: start }),
    endSession: () => store.endSession('s', 'theft', start),
    liftSession: () => store.liftSession('s', { from: 0, to: 1 }),
    listLiveSessions: () => store.listLiveSessions(query),
    countLiveSessions: () => store.countLiveSessions(query),
    pruneSessions: () => store.pruneSessions(limits),
    loadKeyring: () => store.loadKeyring(),
    replaceKeyring: () => store.replaceKeyring(0, '{}'),
    findRevocations: () => store.findRevocations(0),
    reserveAttempt: () => store.reserveAttempt('k', { limit: 1, windowMs: 1, now: start }),
    releaseAttempt: () => store.releaseAttempt('k', start),
    pruneAttempts: () => store.pruneAttempts(start, 1),
    insertService: () =>
      store.insertService({ id: 'x', name: 'x', secretHash: 'x', createdAt: start }),
    findService: () => store.findService('x'),
    listServices: () => store.listServices(),
    deleteService: () => store.deleteService('x'),
    consumeOnce: () => store.consumeOnce('code', 'a', start + 1, start),
    pruneConsumed: () => store.pruneConsumed(start, 1),
    appendEvent: () => store.appendEvent(sampleEvent()),
    listEvents: () => store.listEvents({ limit: 1 }),
    pruneEvents: () => store.pruneEvents(start, 1),
    acquireLease: () => store.acquireLease('l', 'a', start + 1, start),
    releaseLease: () => store.releaseLease('l', 'a'),
  }
}

function oneOfEachOfWaysIn(store: Store) {
  const factor = sampleFactor('u')
  const mail = sampleMail()
  const email = { address: 'a@example.org', key: 'a@example.org' }
  return {
    findAccountByVerifiedEmail: () => store.findAccountByVerifiedEmail('key'),
    confirmEmail: () => store.confirmEmail('u', { seen: 'a', seenEpoch: 0, email }, start),
    recoverAccount: () => store.recoverAccount('u', { seenEpoch: 0, dropsFactors: true }, start),
    insertFactor: () => store.insertFactor(factor),
    listFactors: () => store.listFactors('u'),
    listFactorsOfKind: () => store.listFactorsOfKind('totp', '', 1),
    findFactorByExternalId: () => store.findFactorByExternalId('x'),
    swapFactor: () => store.swapFactor(factor, { counter: 1 }),
    renameFactor: () => store.renameFactor('u', 'f', 'name'),
    deleteFactor: () => store.deleteFactor('u', 'f'),
    deleteFactors: () => store.deleteFactors('u', 1),
    putChallenge: () => store.putChallenge(sampleChallenge()),
    attemptChallenge: () => store.attemptChallenge('code', 'a', 1, start),
    spendChallenge: () => store.spendChallenge('code', 'a', 'x'),
    pruneChallenges: () => store.pruneChallenges(start, 1),
    enqueueMail: () => store.enqueueMail(mail),
    listDueMails: () => store.listDueMails(start, 1),
    claimMail: () => store.claimMail(mail, start),
    postponeMail: () => store.postponeMail('m', 1, start),
    removeMail: () => store.removeMail('m', 1),
  }
}
