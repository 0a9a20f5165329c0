import { deriveId } from '../foundation/ids.ts'
import { isKnownHash } from '../passwords/password-hasher.ts'
import type { Account } from './account.ts'
import { isEmail } from './email.ts'
import type { AccountStore } from './store.ts'
import { toUsernameKey } from './username.ts'

/** An account of another system, with what it has there. */
export interface AccountToImport {
  /**
   * Names the account where it comes from. The same at each run, whatever changed there or here, so that a second run
   * finds what the first one made and makes nothing again.
   */
  readonly origin: {
    readonly name: string
    /** Milliseconds; when it was made there. Its place in the order of accounts. */
    readonly time: number
  }
  /** May break our rules for new names, except that it shows no control characters. */
  readonly username: string
  /** argon2id, bcrypt, scrypt or PBKDF2. */
  readonly passwordHash: string
  readonly role: string
  /** Left out when it is none. */
  readonly email?: string | null
  readonly createdAt: number
  readonly updatedAt: number
}

export type ImportOutcome =
  | 'imported'
  | 'imported_before'
  /** It was imported before and deleted here since: it stays deleted. */
  | 'deleted'
  | 'username_taken'
  | 'invalid_username'
  | 'unknown_role'
  | 'unknown_hash'

export interface ImportParts {
  readonly store: Pick<AccountStore, 'findAccount' | 'findAccountByUsername' | 'insertAccount'>
  readonly roles: readonly string[]
}

/** Inserts the account unless it, or another of its name, is there. Nothing that is there is changed. */
export async function importAccount(
  { store, roles }: ImportParts,
  wanted: AccountToImport,
  dryRun: boolean,
): Promise<{ readonly id: string; readonly outcome: ImportOutcome }> {
  const id = deriveId(wanted.origin.time, wanted.origin.name)
  const usernameKey = toUsernameKey(wanted.username)
  const answer = (outcome: ImportOutcome) => ({ id, outcome })
  if (!isImportableUsername(wanted.username)) return answer('invalid_username')
  if (!isKnownHash(wanted.passwordHash)) return answer('unknown_hash')
  if (await store.findAccount(id)) return answer('imported_before')
  if (!roles.includes(wanted.role)) return answer('unknown_role')
  const present = await store.findAccountByUsername(usernameKey)
  if (present) return answer('username_taken')
  if (dryRun) return answer('imported')
  if ((await store.insertAccount(toAccount(id, wanted), usernameKey)) === 'inserted') {
    return answer('imported')
  }
  return answer(await explainConflict(store, id, usernameKey))
}

const maximumKeyBytes = 1_024

/** Not whether we would give such a name, but whether it can be stored, shown and typed. */
function isImportableUsername(username: string): boolean {
  const isPlain = username.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(username)
  const bytes = Buffer.byteLength(toUsernameKey(username))
  return isPlain && username.trim() !== '' && bytes <= maximumKeyBytes
}

// The id or the name is taken. An id that is taken and found by nothing is a tombstone's.
async function explainConflict(
  store: ImportParts['store'],
  id: string,
  usernameKey: string,
): Promise<ImportOutcome> {
  if (await store.findAccount(id)) return 'imported_before'
  return (await store.findAccountByUsername(usernameKey)) ? 'username_taken' : 'deleted'
}

function toAccount(id: string, wanted: AccountToImport): Account {
  const { email = null } = wanted
  return {
    id,
    username: wanted.username,
    email: email !== null && isEmail(email) ? email : null,
    verifiedEmailKey: null,
    passwordHash: wanted.passwordHash,
    role: wanted.role,
    disabled: false,
    sessionEpoch: 0,
    tokenEpoch: 0,
    factorEpoch: 0,
    createdAt: wanted.createdAt,
    updatedAt: wanted.updatedAt,
  }
}
