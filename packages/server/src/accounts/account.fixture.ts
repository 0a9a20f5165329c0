import { testStart } from '../foundation/deterministic.fixture.ts'
import type { Account } from './account.ts'

/** An account in good standing; `changes` are what the test is about. */
export function createTestAccount(changes: Partial<Account> = {}): Account {
  return {
    id: '0000000000000000000000000g',
    username: 'ada',
    email: null,
    verifiedEmailKey: null,
    passwordHash: 'hash',
    role: 'user',
    disabled: false,
    sessionEpoch: 0,
    tokenEpoch: 0,
    factorEpoch: 0,
    createdAt: testStart,
    updatedAt: testStart,
    ...changes,
  }
}
