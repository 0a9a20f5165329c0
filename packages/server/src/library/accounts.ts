// Library: what a host application does in process, without HTTP. It owns no rule: the acts are the flows' own.

import type { Account } from '../accounts/account.ts'
import {
  type AccountToImport,
  importAccount,
  type ImportOutcome,
} from '../accounts/import-account.ts'
import type { AccountOpener, PasswordPolicy } from '../accounts/open-account.ts'
import { type AdministeredProfile, toAdministeredProfile } from '../accounts/profile.ts'
import { recordAcceptedPassword } from '../accounts/record-accepted-password.ts'
import type { AccountStore } from '../accounts/store.ts'
import { toUsernameKey } from '../accounts/username.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Clock } from '../foundation/clock.ts'
import { isId } from '../foundation/ids.ts'
import { checkNewPassword } from '../passwords/check-password.ts'
import type { PasswordHasher } from '../passwords/password-hasher.ts'
import type { RevokingStore } from '../revocation/revoking-store.ts'

export type AccountFailure = {
  readonly ok: false
  readonly reason:
    | 'invalid_username'
    | 'invalid_email'
    | 'unknown_role'
    | 'username_taken'
    | 'weak_password'
    | 'busy'
    | 'not_found'
    | 'last_admin'
  /** For people. */
  readonly message: string
}

export type AccountResult =
  | { readonly ok: true; readonly account: AdministeredProfile; readonly warning?: string }
  | AccountFailure

/** The acts of administration, as administration/ carries them out. */
export interface Administer {
  change(
    id: string,
    change: { readonly role?: string; readonly disabled?: boolean },
    actor: { readonly actorId: string | null },
  ): Promise<Account | 'last_admin' | 'not_found'>
  delete(
    id: string,
    actor: { readonly actorId: string | null },
  ): Promise<'deleted' | 'last_admin' | 'not_found'>
}

/** Accounts in process. Every change takes effect at once, and is an audit event without a request. */
export interface LibraryAccounts {
  /** Opens an account, closed registration or not. `role` defaults to the first of the configured roles. */
  create(wish: {
    readonly username: string
    readonly password: string
    readonly email?: string | null
    readonly role?: string
  }): Promise<AccountResult>
  /** By id or by user name, without regard to case. What has the form of an id is never taken for a name. */
  find(idOrUsername: string): Promise<AdministeredProfile | undefined>
  /** In order of creation; at most 500 at once, and the next page starts after the last id. */
  list(page?: {
    readonly limit?: number
    readonly afterId?: string
    readonly q?: string
  }): Promise<readonly AdministeredProfile[]>
  setRole(id: string, role: string): Promise<AccountResult>
  setDisabled(id: string, disabled: boolean): Promise<AccountResult>
  /** Ends every session of the account. */
  setPassword(id: string, password: string): Promise<AccountResult>
  delete(id: string): Promise<{ readonly ok: true } | AccountFailure>
  /**
   * Takes an account over from another system, with its hash: the password goes on working and is hashed anew at the
   * next log-in. Nothing that is there is changed; with `dryRun` nothing at all.
   */
  import(
    account: AccountToImport,
    options?: { readonly dryRun?: boolean },
  ): Promise<{ readonly id: string; readonly outcome: ImportOutcome }>
}

export interface LibraryAccountsParts {
  readonly store: Pick<
    AccountStore,
    'findAccount' | 'findAccountByUsername' | 'listAccounts' | 'insertAccount'
  >
  readonly revoking: Pick<RevokingStore, 'changePassword'>
  readonly opener: AccountOpener
  readonly administration: Administer
  readonly hasher: PasswordHasher
  readonly policy: PasswordPolicy
  readonly roles: readonly string[]
  readonly audit: AuditLog
  readonly clock: Clock
}

const nobody = { actorId: null }
const defaultLimit = 50

export function createLibraryAccounts(parts: LibraryAccountsParts): LibraryAccounts {
  const { store, opener, administration, audit, roles } = parts

  // An id is nobody else's when its account is gone: whoever registers it as a name is not whom the host remembers.
  const find = (idOrUsername: string): Promise<Account | undefined> =>
    isId(idOrUsername)
      ? store.findAccount(idOrUsername)
      : store.findAccountByUsername(toUsernameKey(idOrUsername))
  const change = async (
    id: string,
    wish: { readonly role?: string; readonly disabled?: boolean },
  ): Promise<AccountResult> => {
    const result = await administration.change(id, wish, nobody)
    return typeof result === 'string' ? fail(result) : succeed(result)
  }
  return {
    create: async (wish) => {
      const opened = await opener.open(wish)
      if (!opened.ok) {
        return opened.reason === 'weak_password'
          ? fail(opened.reason, `${opened.refusal.message}.`)
          : fail(opened.reason)
      }
      const { account, warning } = opened
      const who = { ...nobody, subjectId: account.id }
      await audit.record('account.created', { ...who, detail: { role: account.role } })
      await recordAcceptedPassword(audit, warning, who)
      return { ...succeed(account), ...(warning !== undefined && { warning }) }
    },
    find: async (idOrUsername) => {
      const account = await find(idOrUsername)
      return account && toAdministeredProfile(account)
    },
    list: async ({ limit = defaultLimit, afterId, q } = {}) => {
      // A host may pass on what somebody typed; the database takes whole numbers alone.
      const whole = Number.isNaN(limit) ? defaultLimit : Math.trunc(limit)
      const page = {
        limit: Math.min(Math.max(1, whole), 500),
        ...(afterId !== undefined && { afterId }),
        ...(q !== undefined && { usernamePart: toUsernameKey(q) }),
      }
      return (await store.listAccounts(page)).map(toAdministeredProfile)
    },
    setRole: async (id, role) =>
      roles.includes(role) ? change(id, { role }) : fail('unknown_role'),
    setDisabled: (id, disabled) => change(id, { disabled }),
    setPassword: (id, password) => setPassword(parts, id, password),
    delete: async (id) => {
      const result = await administration.delete(id, nobody)
      return result === 'deleted' ? { ok: true } : fail(result)
    },
    import: async (account, options) => {
      const result = await importAccount(parts, account, options?.dryRun ?? false)
      if (result.outcome === 'imported' && !options?.dryRun) {
        const detail = { role: account.role, imported: true }
        await audit.record('account.created', { subjectId: result.id, detail })
      }
      return result
    },
  }
}

async function setPassword(
  parts: LibraryAccountsParts,
  id: string,
  password: string,
): Promise<AccountResult> {
  const account = await parts.store.findAccount(id)
  if (account === undefined) return fail('not_found')
  const context = { ...parts.policy, username: account.username, email: account.email }
  const checked = checkNewPassword(password, context)
  if (!checked.ok) return fail('weak_password', `${checked.message}.`)
  const hashed = await parts.hasher.hash(password)
  if (!hashed.ok) return fail('busy')
  const changed = await parts.revoking.changePassword(id, { to: hashed.hash }, parts.clock())
  if (changed === undefined) return fail('not_found')
  await parts.audit.record('password.set_by_admin', { subjectId: id })
  await recordAcceptedPassword(parts.audit, checked.warning, { ...nobody, subjectId: id })
  return {
    ...succeed(changed),
    ...(checked.warning !== undefined && { warning: checked.warning }),
  }
}

function succeed(account: Account): { ok: true; account: AdministeredProfile } {
  return { ok: true, account: toAdministeredProfile(account) }
}

const messages: Record<AccountFailure['reason'], string> = {
  invalid_username: 'A user name has 3 to 64 ASCII letters, digits, dots, underscores or hyphens.',
  invalid_email: 'This is not an e-mail address.',
  unknown_role: 'There is no such role: ROLES lists those there are.',
  username_taken: 'Another account has this name.',
  weak_password: 'The password is not acceptable.',
  busy: 'Too many passwords are waiting to be hashed: try again in a moment.',
  not_found: 'There is no such account.',
  last_admin: 'This is the last administrator: give another active account the role admin first.',
}

function fail(
  reason: AccountFailure['reason'],
  message: string = messages[reason],
): AccountFailure {
  return { ok: false, reason, message }
}
