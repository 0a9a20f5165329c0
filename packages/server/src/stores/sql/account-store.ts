import { sql } from 'kysely'
import type { Account } from '../../accounts/account.ts'
import type { AccountStore } from '../../accounts/store.ts'
import type { UserRow } from './schema.ts'
import { type SqlDatabase, UniqueViolationError } from './sql-database.ts'
import { compileStatement, literal, type Statement } from './statement.ts'

export const accountColumns = [
  'id',
  'username',
  'email',
  'password_hash',
  'role',
  'disabled',
  'session_epoch',
  'token_epoch',
  'created_at',
  'updated_at',
  'verified_email_key',
  'factor_epoch',
] as const

export type AccountRow = Pick<UserRow, (typeof accountColumns)[number]>

export function toAccount(row: AccountRow): Account {
  return {
    id: row.id,
    username: row.username ?? '',
    email: row.email,
    verifiedEmailKey: row.verified_email_key,
    passwordHash: row.password_hash,
    role: row.role,
    disabled: row.disabled !== 0,
    sessionEpoch: row.session_epoch,
    tokenEpoch: row.token_epoch,
    factorEpoch: row.factor_epoch,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

export const insertAccount: Statement<UserRow, unknown> = compileStatement((db, arg) =>
  db.insertInto('users').values({
    id: arg('id'),
    username: arg('username'),
    username_key: arg('username_key'),
    email: arg('email'),
    password_hash: arg('password_hash'),
    role: arg('role'),
    disabled: arg<number>('disabled'),
    session_epoch: arg<number>('session_epoch'),
    token_epoch: arg<number>('token_epoch'),
    epochs_raised_at: arg<number>('epochs_raised_at'),
    created_at: arg<number>('created_at'),
    updated_at: arg<number>('updated_at'),
    deleted_at: null,
    verified_email_key: arg('verified_email_key'),
    factor_epoch: arg<number>('factor_epoch'),
  }),
)

export const findAccount: Statement<{ id: string }, AccountRow> = compileStatement((db, arg) =>
  db
    .selectFrom('users')
    .select(accountColumns)
    .where('id', '=', arg('id'))
    .where('deleted_at', 'is', null),
)

export const findAccountByUsername: Statement<{ key: string }, AccountRow> = compileStatement(
  (db, arg) => db.selectFrom('users').select(accountColumns).where('username_key', '=', arg('key')),
)

export const findAccountByVerifiedEmail: Statement<{ key: string }, AccountRow> = compileStatement(
  (db, arg) =>
    db
      .selectFrom('users')
      .select(accountColumns)
      .where('verified_email_key', '=', arg('key'))
      .where('deleted_at', 'is', null),
)

const listAccounts = compileStatement<{ after: string; limit: number }, AccountRow>((db, arg) =>
  db
    .selectFrom('users')
    .select(accountColumns)
    .where('id', '>', arg('after'))
    .where('deleted_at', 'is', null)
    .orderBy('id')
    .limit(arg<number>('limit')),
)

const searchSlice = compileStatement<
  { after: string; until: string; part: string; limit: number },
  AccountRow
>((db, arg, words) =>
  db
    .selectFrom('users')
    .select(accountColumns)
    .where('id', '>', arg('after'))
    .where('id', '<=', arg('until'))
    .where('deleted_at', 'is', null)
    .where(words.contains('username_key', arg('part')))
    .orderBy('id')
    .limit(arg<number>('limit')),
)

const sliceSize = 5_000

const endOfSlice = compileStatement<{ after: string }, { id: string }>((db, arg) =>
  db
    .selectFrom('users')
    .select('id')
    .where('id', '>', arg('after'))
    .orderBy('id')
    .limit(literal(1))
    .offset(literal(sliceSize - 1)),
)

const afterEveryId = '~'

/**
 * No index finds a part of a name, so the accounts are walked, in slices: on the embedded database everybody else has a
 * turn between two of them.
 */
async function searchAccounts(
  database: SqlDatabase,
  { afterId, limit, part }: { afterId: string; limit: number; part: string },
): Promise<AccountRow[]> {
  const found: AccountRow[] = []
  let after = afterId
  while (after !== afterEveryId && found.length < limit) {
    const until = (await database.get(endOfSlice, { after }))?.id ?? afterEveryId
    const values = { after, until, part, limit: limit - found.length }
    found.push(...(await database.all(searchSlice, values)))
    after = until
  }
  return found
}

export const countOtherActiveAccounts: Statement<
  { role: string; except: string },
  { count: number }
> = compileStatement((db, arg) =>
  db
    .selectFrom('users')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('role', '=', arg('role'))
    .where('deleted_at', 'is', null)
    .where('disabled', '=', 0)
    .where('id', '<>', arg('except')),
)

// A flag beside each value tells "leave it" from "set it to null" in a statement that is compiled once.
const changeProfile = compileStatement<
  {
    id: string
    now: number
    sets_name: number
    username: string | null
    username_key: string | null
    sets_email: number
    email: string | null
  },
  AccountRow
>((db, arg) =>
  db
    .updateTable('users')
    .set({
      username: sql`CASE WHEN ${arg('sets_name')} THEN ${arg('username')} ELSE username END`,
      username_key: sql`CASE WHEN ${arg('sets_name')} THEN ${arg('username_key')} ELSE username_key END`,
      email: sql`CASE WHEN ${arg('sets_email')} THEN ${arg('email')} ELSE email END`,
      verified_email_key: sql`CASE WHEN ${arg('sets_email')} THEN NULL ELSE verified_email_key END`,
      updated_at: arg<number>('now'),
    })
    .where('id', '=', arg('id'))
    .where('deleted_at', 'is', null)
    .returning(accountColumns),
)

const confirmEmail = compileStatement<
  { id: string; seen: string; seen_epoch: number; email: string; key: string; now: number },
  AccountRow
>((db, arg) =>
  db
    .updateTable('users')
    .set({ email: arg('email'), verified_email_key: arg('key'), updated_at: arg<number>('now') })
    .where('id', '=', arg('id'))
    .where(sql<boolean>`coalesce(email, '') = ${arg('seen')}`)
    .where('session_epoch', '=', arg<number>('seen_epoch'))
    .where('deleted_at', 'is', null)
    .returning(accountColumns),
)

const replaceHash = compileStatement<{ id: string; from: string; to: string }>((db, arg) =>
  db
    .updateTable('users')
    .set({ password_hash: arg('to') })
    .where('id', '=', arg('id'))
    .where('password_hash', '=', arg('from'))
    .where('deleted_at', 'is', null),
)

const raised = {
  session_epoch: sql<number>`session_epoch + 1`,
  token_epoch: sql<number>`token_epoch + 1`,
}

const changePassword = compileStatement<
  { id: string; from: string | null; seen_epoch: number | null; to: string; now: number },
  AccountRow
>((db, arg) =>
  db
    .updateTable('users')
    .set({
      ...raised,
      password_hash: arg('to'),
      epochs_raised_at: arg<number>('now'),
      updated_at: arg<number>('now'),
    })
    .where('id', '=', arg('id'))
    .where('deleted_at', 'is', null)
    .where(sql<boolean>`password_hash = coalesce(${arg('from')}, password_hash)`)
    .where('session_epoch', '=', sql<number>`coalesce(${arg('seen_epoch')}, session_epoch)`)
    .returning(accountColumns),
)

const recoverAccount = compileStatement<
  {
    id: string
    seen_epoch: number
    hash: string | null
    email: string | null
    key: string | null
    drops: number
    now: number
  },
  AccountRow
>((db, arg) =>
  db
    .updateTable('users')
    .set({
      ...raised,
      password_hash: sql`coalesce(${arg('hash')}, password_hash)`,
      email: sql`coalesce(${arg('email')}, email)`,
      verified_email_key: sql`coalesce(${arg('key')}, verified_email_key)`,
      factor_epoch: sql`factor_epoch + ${arg('drops')}`,
      epochs_raised_at: arg<number>('now'),
      updated_at: arg<number>('now'),
    })
    .where('id', '=', arg('id'))
    .where('session_epoch', '=', arg<number>('seen_epoch'))
    .where('deleted_at', 'is', null)
    .returning(accountColumns),
)

const changeStanding = compileStatement<
  { id: string; role: string | null; disabled: number | null; now: number },
  AccountRow
>((db, arg) => {
  const becomesDisabled = sql`(${arg('disabled')} = 1 AND disabled = 0)`
  const changesRole = sql`coalesce(${arg('role')}, role) <> role`
  const becomesEnabled = sql`(${arg('disabled')} = 0 AND disabled = 1)`
  const kills = sql`(${becomesDisabled} OR ${changesRole})`
  return db
    .updateTable('users')
    .set({
      role: sql`coalesce(${arg('role')}, role)`,
      disabled: sql`coalesce(${arg('disabled')}, disabled)`,
      session_epoch: sql`session_epoch + CASE WHEN ${becomesDisabled} THEN 1 ELSE 0 END`,
      token_epoch: sql`token_epoch + CASE WHEN ${kills} THEN 1 ELSE 0 END`,
      epochs_raised_at: sql`CASE WHEN ${kills} THEN ${arg('now')} ELSE epochs_raised_at END`,
      updated_at: sql`CASE WHEN ${kills} OR ${becomesEnabled} THEN ${arg('now')} ELSE updated_at END`,
    })
    .where('id', '=', arg('id'))
    .where('deleted_at', 'is', null)
    .returning(accountColumns)
})

const raiseEpochs = compileStatement<
  { id: string; now: number; seen_epoch: number | null },
  AccountRow
>((db, arg) =>
  db
    .updateTable('users')
    .set({ ...raised, epochs_raised_at: arg<number>('now') })
    .where('id', '=', arg('id'))
    .where('session_epoch', '=', sql<number>`coalesce(${arg('seen_epoch')}, session_epoch)`)
    .where('deleted_at', 'is', null)
    .returning(accountColumns),
)

const deleteAccount = compileStatement<{ id: string; now: number }>((db, arg) =>
  db
    .updateTable('users')
    .set({
      ...raised,
      username: null,
      username_key: null,
      email: null,
      verified_email_key: null,
      password_hash: '',
      disabled: 1,
      epochs_raised_at: arg<number>('now'),
      updated_at: arg<number>('now'),
      deleted_at: arg<number>('now'),
    })
    .where('id', '=', arg('id'))
    .where('deleted_at', 'is', null),
)

async function returned(row: Promise<AccountRow | undefined>): Promise<Account | undefined> {
  const found = await row
  return found && toAccount(found)
}

async function withEmail(
  row: Promise<AccountRow | undefined>,
): Promise<Account | 'email_taken' | undefined> {
  try {
    return await returned(row)
  } catch (error) {
    if (error instanceof UniqueViolationError) return 'email_taken'
    throw error
  }
}

/** What makes an address the account's own. */
function createEmailActs(
  database: SqlDatabase,
): Pick<AccountStore, 'confirmEmail' | 'recoverAccount'> {
  return {
    confirmEmail: (id, { seen, seenEpoch, email }, now) => {
      const { address, key } = email
      const values = { id, seen: seen ?? '', seen_epoch: seenEpoch, email: address, key, now }
      return withEmail(database.writeReturning(confirmEmail, values))
    },
    recoverAccount: (id, recovery, now) => {
      const values = {
        id,
        seen_epoch: recovery.seenEpoch,
        hash: recovery.passwordHash ?? null,
        email: recovery.email?.address ?? null,
        key: recovery.email?.key ?? null,
        drops: Number(recovery.dropsFactors),
        now,
      }
      return withEmail(database.writeReturning(recoverAccount, values))
    },
  }
}

export function createAccountStore(database: SqlDatabase): AccountStore {
  return {
    ...createEmailActs(database),
    insertAccount: async (account, usernameKey) => {
      try {
        await database.write(insertAccount, toRow(account, usernameKey))
        return 'inserted'
      } catch (error) {
        if (error instanceof UniqueViolationError) return 'username_taken'
        throw error
      }
    },
    findAccount: (id) => returned(database.get(findAccount, { id })),
    findAccountByUsername: (key) => returned(database.get(findAccountByUsername, { key })),
    findAccountByVerifiedEmail: (key) =>
      returned(database.get(findAccountByVerifiedEmail, { key })),
    listAccounts: async ({ afterId = '', limit, usernamePart: part = '' }) => {
      const rows =
        part === ''
          ? database.all(listAccounts, { after: afterId, limit })
          : searchAccounts(database, { afterId, limit, part })
      return (await rows).map(toAccount)
    },
    countOtherActiveAccounts: async (role, except) => {
      const row = await database.get(countOtherActiveAccounts, { role, except })
      return row?.count ?? 0
    },
    changeProfile: async (id, change, now) => {
      const values = {
        id,
        now,
        sets_name: change.username ? 1 : 0,
        username: change.username?.shown ?? null,
        username_key: change.username?.key ?? null,
        sets_email: change.email === undefined ? 0 : 1,
        email: change.email ?? null,
      }
      try {
        return (await returned(database.writeReturning(changeProfile, values))) ?? 'not_found'
      } catch (error) {
        if (error instanceof UniqueViolationError) return 'username_taken'
        throw error
      }
    },
    replaceHash: async (id, from, to) =>
      (await database.write(replaceHash, { id, from, to })) === 1,
    changePassword: (id, { from, seenEpoch, to }, now) => {
      const seen = { from: from ?? null, seen_epoch: seenEpoch ?? null }
      return returned(database.writeReturning(changePassword, { id, ...seen, to, now }))
    },
    changeStanding: (id, { role, disabled }, now) => {
      const values = {
        id,
        role: role ?? null,
        disabled: disabled === undefined ? null : Number(disabled),
        now,
      }
      return returned(database.writeReturning(changeStanding, values))
    },
    raiseEpochs: (id, now, seenEpoch) => {
      const values = { id, now, seen_epoch: seenEpoch ?? null }
      return returned(database.writeReturning(raiseEpochs, values))
    },
    deleteAccount: async (id, now) => (await database.write(deleteAccount, { id, now })) === 1,
  }
}

function toRow(account: Account, usernameKey: string): UserRow {
  return {
    id: account.id,
    username: account.username,
    username_key: usernameKey,
    email: account.email,
    password_hash: account.passwordHash,
    role: account.role,
    disabled: Number(account.disabled),
    session_epoch: account.sessionEpoch,
    token_epoch: account.tokenEpoch,
    epochs_raised_at: null,
    created_at: account.createdAt,
    updated_at: account.updatedAt,
    deleted_at: null,
    verified_email_key: account.verifiedEmailKey,
    factor_epoch: account.factorEpoch,
  }
}
