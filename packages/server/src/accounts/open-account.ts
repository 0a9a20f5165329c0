import type { Clock } from '../foundation/clock.ts'
import type { IdSource } from '../foundation/ids.ts'
import { checkNewPassword, type PasswordRefusal } from '../passwords/check-password.ts'
import type { PasswordHasher } from '../passwords/password-hasher.ts'
import type { Account } from './account.ts'
import { createAccount } from './create-account.ts'
import { isEmail } from './email.ts'
import type { AccountStore } from './store.ts'
import { parseUsername } from './username.ts'

export interface AccountWish {
  /** Default: the account's id, for those who are known by their address. */
  readonly username?: string | undefined
  readonly password: string
  readonly email?: string | null | undefined
  readonly role?: string | undefined
}

export type OpenedAccount =
  | { readonly ok: true; readonly account: Account; readonly warning?: 'common' | 'context' }
  | { readonly ok: false; readonly reason: 'invalid_username' | 'invalid_email' | 'unknown_role' }
  | { readonly ok: false; readonly reason: 'username_taken' }
  | { readonly ok: false; readonly reason: 'weak_password'; readonly refusal: PasswordRefusal }
  | { readonly ok: false; readonly reason: 'busy'; readonly retryAfterSeconds: number }

export type AccountRefusal = Exclude<OpenedAccount, { ok: true }>

export interface PasswordPolicy {
  readonly minLength: number
  readonly common: 'refuse' | 'warn'
  /** What the service calls itself: nobody's password is to be made of it. */
  readonly service?: string
}

export interface AccountOpener {
  /** Checks name, address, role and password, in this order; only what may be used costs anything. */
  check(wish: AccountWish): AccountRefusal | undefined
  /** Checks and hashes, which may have to wait for others. Nothing is stored yet. */
  prepare(wish: AccountWish): Promise<PreparedAccount | AccountRefusal>
  /** Checks, hashes and stores. The name is free or the account is not made: nothing lies between. */
  open(wish: AccountWish): Promise<OpenedAccount>
}

export interface PreparedAccount {
  readonly ok: true
  store(): Promise<OpenedAccount>
}

export interface AccountOpenerParts {
  readonly store: Pick<AccountStore, 'insertAccount' | 'findAccountByUsername'>
  readonly hasher: PasswordHasher
  readonly policy: PasswordPolicy
  /** The first is given to accounts that ask for none. */
  readonly roles: readonly string[]
  readonly newId: IdSource
  readonly clock: Clock
}

/** The one way in which accounts come to be: by registration, by an administrator, by the library, by the command line. */
export function createAccountOpener(parts: AccountOpenerParts): AccountOpener {
  const inspect = (wish: AccountWish) => {
    const id = parts.newId()
    const username = parseUsername(wish.username ?? id)
    if (!username) return { ok: false, reason: 'invalid_username' } as const
    const email = wish.email ?? null
    if (email !== null && !isEmail(email)) return { ok: false, reason: 'invalid_email' } as const
    const role = wish.role ?? parts.roles[0]
    if (role === undefined || !parts.roles.includes(role)) {
      return { ok: false, reason: 'unknown_role' } as const
    }
    const context = { ...parts.policy, username: username.shown, email }
    const checked = checkNewPassword(wish.password, context)
    if (!checked.ok) return { ok: false, reason: 'weak_password', refusal: checked } as const
    return { ok: true, id, username, email, role, warning: checked.warning } as const
  }
  const prepare = async (wish: AccountWish): Promise<PreparedAccount | AccountRefusal> => {
    const result = inspect(wish)
    if (!result.ok) return result
    const { id, username, email, role, warning } = result
    // Only saves the hash; whether the name is free is decided by the insert.
    if (await parts.store.findAccountByUsername(username.key)) {
      return { ok: false, reason: 'username_taken' }
    }
    const hashed = await parts.hasher.hash(wish.password)
    if (!hashed.ok) return hashed
    const wanted = { id, username, email, role, passwordHash: hashed.hash }
    const store = async (): Promise<OpenedAccount> => {
      const account = await createAccount(parts.store, parts, wanted)
      if (account === 'username_taken') return { ok: false, reason: 'username_taken' }
      return { ok: true, account, ...(warning !== undefined && { warning }) }
    }
    return { ok: true, store }
  }
  return {
    check: (wish) => {
      const result = inspect(wish)
      return result.ok ? undefined : result
    },
    prepare,
    open: async (wish) => {
      const prepared = await prepare(wish)
      return prepared.ok ? prepared.store() : prepared
    },
  }
}
