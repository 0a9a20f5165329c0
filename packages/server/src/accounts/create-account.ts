import type { Clock } from '../foundation/clock.ts'
import type { Account } from './account.ts'
import type { AccountStore } from './store.ts'
import type { Username } from './username.ts'

export interface NewAccount {
  readonly id: string
  readonly username: Username
  readonly passwordHash: string
  readonly email: string | null
  readonly role: string
}

export async function createAccount(
  store: Pick<AccountStore, 'insertAccount'>,
  parts: { readonly clock: Clock },
  wanted: NewAccount,
): Promise<Account | 'username_taken'> {
  const now = parts.clock()
  const account: Account = {
    id: wanted.id,
    username: wanted.username.shown,
    email: wanted.email,
    verifiedEmailKey: null,
    passwordHash: wanted.passwordHash,
    role: wanted.role,
    disabled: false,
    sessionEpoch: 0,
    tokenEpoch: 0,
    factorEpoch: 0,
    createdAt: now,
    updatedAt: now,
  }
  const result = await store.insertAccount(account, wanted.username.key)
  return result === 'inserted' ? account : 'username_taken'
}
