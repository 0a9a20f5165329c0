import type { Account } from './account.ts'

export interface AccountPage {
  /** Accounts after this id, in order of id (which is the order of creation). */
  readonly afterId?: string
  readonly limit: number
  /** Part of a user name's key; every character is literal. */
  readonly usernamePart?: string
}

export interface ProfileChange {
  /** The name as shown, and its key: set both or neither. */
  readonly username?: { readonly shown: string; readonly key: string }
  readonly email?: string | null
}

export interface StandingChange {
  readonly role?: string
  readonly disabled?: boolean
}

/** An address that was proven, as it is written to and as it is unique. */
export interface ProvenEmail {
  readonly address: string
  readonly key: string
}

export interface EmailConfirmation {
  readonly seen: string | null
  readonly seenEpoch: number
  readonly email: ProvenEmail
}

export interface AccountRecovery {
  /** Only while this is still the account's sessionEpoch: what was sent before a password change is void. */
  readonly seenEpoch: number
  readonly passwordHash?: string
  readonly email?: ProvenEmail
  /** Kills every second factor that was added so far. */
  readonly dropsFactors: boolean
}

/**
 * Where accounts are kept. Each operation is atomic on one row. A deleted account stays behind as a tombstone without
 * personal data, which no operation here finds; its name is free again.
 *
 * Every operation that raises the token epoch notes the time, so that RevocationStore reports it. `updatedAt` moves with
 * the profile, the password, the role and being disabled; not with a rehash or the epochs alone.
 */
export interface AccountStore {
  /** @param usernameKey the name in the form in which it is unique */
  insertAccount(account: Account, usernameKey: string): Promise<'inserted' | 'username_taken'>
  findAccount(id: string): Promise<Account | undefined>
  findAccountByUsername(usernameKey: string): Promise<Account | undefined>
  /** The account that has proven to hold the address with this key. */
  findAccountByVerifiedEmail(key: string): Promise<Account | undefined>
  listAccounts(page: AccountPage): Promise<readonly Account[]>
  /** Accounts with this role that are neither disabled nor deleted, other than the one named. */
  countOtherActiveAccounts(role: string, exceptId: string): Promise<number>
  /** An address that is set here is not verified, whatever it was before. */
  changeProfile(
    id: string,
    change: ProfileChange,
    now: number,
  ): Promise<Account | 'username_taken' | 'not_found'>
  /**
   * Notes that the account holds this address, while its `email` is still `seen` and its sessionEpoch `seenEpoch`: what
   * was proven before the owner ended everything is void. Nothing is revoked.
   * @returns undefined when the account is gone or its address or epoch is another by now
   */
  confirmEmail(
    id: string,
    change: EmailConfirmation,
    now: number,
  ): Promise<Account | 'email_taken' | undefined>
  /**
   * Gives the account back to whoever proved to be its owner, in one write: both epochs raised, and password, address
   * and factors changed with them.
   */
  recoverAccount(
    id: string,
    recovery: AccountRecovery,
    now: number,
  ): Promise<Account | 'email_taken' | undefined>
  /** Replaces a hash by one of the same password. Nothing happens when the stored hash is no longer `from`. */
  replaceHash(id: string, from: string, to: string): Promise<boolean>
  /**
   * Sets the hash of a new password and raises both epochs. With `from`, only while the stored hash is still that one;
   * with `seenEpoch`, only while that is still the account's sessionEpoch: a session that ended meanwhile changes nothing.
   * @returns the account after the change, or undefined when there is none or it is another by now
   */
  changePassword(
    id: string,
    change: { readonly from?: string; readonly seenEpoch?: number; readonly to: string },
    now: number,
  ): Promise<Account | undefined>
  /**
   * Raises tokenEpoch when the role becomes another, and both epochs when the account becomes disabled. What is
   * already so is left alone.
   */
  changeStanding(id: string, change: StandingChange, now: number): Promise<Account | undefined>
  /**
   * Raises both epochs: every session and every token of the account is dead. With `seenEpoch`, only while it is still
   * the account's sessionEpoch: whoever raised it meanwhile wins.
   */
  raiseEpochs(id: string, now: number, seenEpoch?: number): Promise<Account | undefined>
  /** Makes a tombstone: personal data and name gone, both epochs raised. */
  deleteAccount(id: string, now: number): Promise<boolean>
}
