import {
  sampleAccount,
  sampleChallenge,
  sampleEvent,
  sampleFactor,
  sampleMail,
  sampleSession,
} from '../contract/subject.ts'
import { createSqlStore } from './create-sql-store.ts'
import type { SqlDatabase } from './sql-database.ts'
import type { Statement } from './statement.ts'

type SqlStore = ReturnType<typeof createSqlStore>

export type AnyStatement = Statement<never, unknown>

/**
 * Every statement that the stores run, under the name of the method that runs it: each method is called once on a
 * database that answers nothing, and the compiler asks here for a method that is new.
 */
export async function everyStatement(): Promise<ReadonlyMap<AnyStatement, string>> {
  const found = new Map<AnyStatement, string>()
  let method = ''
  const record = (statement: unknown): void => {
    found.set(statement as AnyStatement, method)
  }
  const database: SqlDatabase = {
    get: async (statement) => (record(statement), undefined),
    all: async (statement) => (record(statement), []),
    writeReturning: async (statement) => (record(statement), undefined),
    write: async (statement) => (record(statement), 0),
    writeRow: async (statement) => (record(statement), 0),
  }
  const store = createSqlStore(database)
  for (const [name, call] of Object.entries(calls)) {
    method = name
    await call(store)
  }
  return found
}

const window = { limit: 1, windowMs: 1, now: 1 }
const live = { userId: 'u', sessionEpoch: 0, usedAfter: 0, createdAfter: 0 }
const email = { address: 'a@example.org', key: 'a@example.org' }
const service = { id: 's', name: 's', secretHash: 'h', createdAt: 1 }

const calls: { readonly [Method in keyof SqlStore]: (store: SqlStore) => Promise<unknown> } = {
  insertAccount: (store) => store.insertAccount(sampleAccount(), 'name'),
  findAccount: (store) => store.findAccount('u'),
  findAccountByUsername: (store) => store.findAccountByUsername('name'),
  listAccounts: async (store) => {
    await store.listAccounts({ limit: 1 })
    await store.listAccounts({ limit: 1, usernamePart: 'part' })
  },
  countOtherActiveAccounts: (store) => store.countOtherActiveAccounts('admin', 'u'),
  changeProfile: (store) => store.changeProfile('u', { email: null }, 1),
  replaceHash: (store) => store.replaceHash('u', 'from', 'to'),
  changePassword: (store) => store.changePassword('u', { to: 'to' }, 1),
  changeStanding: (store) => store.changeStanding('u', { disabled: true }, 1),
  raiseEpochs: (store) => store.raiseEpochs('u', 1),
  deleteAccount: (store) => store.deleteAccount('u', 1),
  insertSession: (store) => store.insertSession(sampleSession('u')),
  findSessionWithAccount: (store) => store.findSessionWithAccount('s'),
  rotateSession: (store) => store.rotateSession('s', { seen: 1, generation: 2, parent: 1, now: 1 }),
  endSession: (store) => store.endSession('s', 'theft', 1),
  liftSession: (store) => store.liftSession('s', { from: 0, to: 1 }),
  listLiveSessions: (store) => store.listLiveSessions(live),
  countLiveSessions: (store) => store.countLiveSessions(live),
  pruneSessions: (store) => store.pruneSessions({ ended: 1, used: 1, created: 1, limit: 1 }),
  loadKeyring: (store) => store.loadKeyring(),
  replaceKeyring: async (store) => {
    await store.replaceKeyring(0, '{}')
    await store.replaceKeyring(1, '{}')
  },
  findRevocations: (store) => store.findRevocations(1),
  reserveAttempt: (store) => store.reserveAttempt('k', window),
  releaseAttempt: (store) => store.releaseAttempt('k', 1),
  pruneAttempts: (store) => store.pruneAttempts(1, 1),
  consumeOnce: (store) => store.consumeOnce('code', 'c', 2, 1),
  pruneConsumed: (store) => store.pruneConsumed(1, 1),
  insertService: (store) => store.insertService(service),
  findService: (store) => store.findService('s'),
  listServices: (store) => store.listServices(),
  deleteService: (store) => store.deleteService('s'),
  acquireLease: (store) => store.acquireLease('l', 'h', 2, 1),
  releaseLease: (store) => store.releaseLease('l', 'h'),
  appendEvent: (store) => store.appendEvent(sampleEvent()),
  listEvents: async (store) => {
    await store.listEvents({ limit: 1 })
    await store.listEvents({ limit: 1, subjectId: 'u' })
  },
  pruneEvents: (store) => store.pruneEvents(1, 1),
  findAccountByVerifiedEmail: (store) => store.findAccountByVerifiedEmail('key'),
  confirmEmail: (store) => store.confirmEmail('u', { seen: null, seenEpoch: 0, email }, 1),
  recoverAccount: (store) => store.recoverAccount('u', { seenEpoch: 0, dropsFactors: true }, 1),
  insertFactor: (store) => store.insertFactor(sampleFactor('u')),
  listFactors: (store) => store.listFactors('u'),
  listFactorsOfKind: (store) => store.listFactorsOfKind('totp', '', 1),
  findFactorByExternalId: (store) => store.findFactorByExternalId('x'),
  swapFactor: (store) => store.swapFactor(sampleFactor('u'), { counter: 1 }),
  renameFactor: (store) => store.renameFactor('u', 'f', 'name'),
  deleteFactor: (store) => store.deleteFactor('u', 'f'),
  deleteFactors: (store) => store.deleteFactors('u', 1),
  putChallenge: (store) => store.putChallenge(sampleChallenge()),
  attemptChallenge: (store) => store.attemptChallenge('code', 'a', 1, 1),
  spendChallenge: (store) => store.spendChallenge('code', 'a', 'hash'),
  pruneChallenges: (store) => store.pruneChallenges(1, 1),
  enqueueMail: (store) => store.enqueueMail(sampleMail()),
  listDueMails: (store) => store.listDueMails(1, 1),
  claimMail: (store) => store.claimMail(sampleMail(), 1),
  postponeMail: (store) => store.postponeMail('m', 1, 1),
  removeMail: (store) => store.removeMail('m', 1),
}
