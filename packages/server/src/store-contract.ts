// Door: the contract of a store, for whoever implements one. It runs under node:test.

import { after, before, beforeEach, describe, test } from 'node:test'
import type { Clock } from './foundation/clock.ts'
import { accountCases, accountListCases } from './stores/contract/account-cases.ts'
import { accountRaces } from './stores/contract/account-races.ts'
import { auditCases } from './stores/contract/audit-cases.ts'
import { challengeCases } from './stores/contract/challenge-cases.ts'
import { emailCases } from './stores/contract/email-cases.ts'
import { factorCases } from './stores/contract/factor-cases.ts'
import { keyCases } from './stores/contract/key-cases.ts'
import { leaseCases } from './stores/contract/lease-cases.ts'
import { limitCases } from './stores/contract/limit-cases.ts'
import { mailCases } from './stores/contract/mail-cases.ts'
import { oneTimeCases } from './stores/contract/one-time-cases.ts'
import { revocationCases } from './stores/contract/revocation-cases.ts'
import { serviceCases } from './stores/contract/service-cases.ts'
import { sessionCases, sessionListCases } from './stores/contract/session-cases.ts'
import { sessionRaces } from './stores/contract/session-races.ts'
import { type ContractCases, type ContractSubject, start } from './stores/contract/subject.ts'
import { wholeStoreCases } from './stores/contract/whole-store-cases.ts'
import type { Store } from './stores/store.ts'

export type { Store } from './stores/store.ts'

/** A store on a database of its own. */
export interface StoreUnderTest {
  readonly store: Store
  /**
   * Opens another handle on the same database, as a second instance would. Without it the races run on one handle, and
   * what needs two is reported as not run.
   */
  openAnother?(): Promise<Store>
  /** Empties the database and leaves its tables: each case begins with nothing. */
  reset(): Promise<void>
  /** Closes `store` and removes the database. What `openAnother` opened is closed already. */
  close(): Promise<void>
}

export type OpenStoreUnderTest = (clock: Clock) => Promise<StoreUnderTest>

const domains: Readonly<Record<string, ContractCases>> = {
  accounts: accountCases,
  'lists of accounts': accountListCases,
  'accounts under concurrency': accountRaces,
  sessions: sessionCases,
  'lists of sessions': sessionListCases,
  'sessions under concurrency': sessionRaces,
  keys: keyCases,
  leases: leaseCases,
  limits: limitCases,
  audit: auditCases,
  revocation: revocationCases,
  'one-time items': oneTimeCases,
  'e-mail addresses': emailCases,
  factors: factorCases,
  challenges: challengeCases,
  mails: mailCases,
  services: serviceCases,
  'the store as a whole': wholeStoreCases,
}

/**
 * Registers a test for every sentence of the contract, concurrency included. A store is done when all of them pass.
 *
 * @param name the store's, for the report
 * @param openStore called once; the clock stands still
 */
export function describeStoreContract(name: string, openStore: OpenStoreUnderTest): void {
  describe(`the store contract on ${name}`, () => {
    let opened: StoreUnderTest
    let subject: ContractSubject
    before(async () => {
      opened = await openStore(() => start)
      subject = await prepareSubject(opened)
    })
    beforeEach(() => opened.reset())
    after(async () => {
      if (subject.other !== subject.store) await subject.other.close()
      await opened.close()
    })
    for (const [domain, cases] of Object.entries(domains)) {
      for (const [sentence, prove] of Object.entries(cases)) {
        test(`${domain}: ${sentence}`, async (t) => {
          if (subject.openAnother === undefined) t.diagnostic('Run on one handle: no second one')
          await prove(subject)
        })
      }
    }
  })
}

async function prepareSubject(opened: StoreUnderTest): Promise<ContractSubject> {
  const { store } = opened
  const openAnother = opened.openAnother?.bind(opened)
  return { store, other: openAnother ? await openAnother() : store, openAnother }
}
