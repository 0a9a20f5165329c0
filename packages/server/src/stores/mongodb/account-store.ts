import type { UpdateFilter } from 'mongodb'
import type { Account } from '../../accounts/account.ts'
import type { AccountStore, StandingChange } from '../../accounts/store.ts'
import { compareAndSwap } from './compare-and-swap.ts'
import type { AccountDocument, Collections } from './documents.ts'
import { isDuplicateKey } from './mongodb-failure.ts'
import { bounded } from './time-limit.ts'

interface AccountUpdate {
  readonly $set: Partial<AccountDocument>
  readonly $inc: { readonly sessionEpoch: number; readonly tokenEpoch: number }
}

const returningBefore = { ...bounded, returnDocument: 'before' } as const

const unverified = { verifiedEmailKey: '' } as const

const both = { sessionEpoch: 1, tokenEpoch: 1 } as const

function living(id: string) {
  return { _id: id, isDeleted: 0 }
}

export function createAccountStore({ accounts }: Pick<Collections, 'accounts'>): AccountStore {
  return {
    ...createLookups(accounts),
    ...createChanges(accounts),
    ...createActs(accounts),
    ...createEmailActs(accounts),
  }
}

type Lookups = Pick<
  AccountStore,
  | 'findAccount'
  | 'findAccountByUsername'
  | 'findAccountByVerifiedEmail'
  | 'listAccounts'
  | 'countOtherActiveAccounts'
>

function createLookups(accounts: Collections['accounts']): Lookups {
  return {
    findAccount: (id) => findAccount(accounts, id),
    findAccountByUsername: async (usernameKey) => {
      const found = await accounts.findOne({ usernameKey }, bounded)
      return found ? toAccount(found) : undefined
    },
    findAccountByVerifiedEmail: async (key) => {
      const found = await accounts.findOne({ verifiedEmailKey: key, isDeleted: 0 }, bounded)
      return found ? toAccount(found) : undefined
    },
    listAccounts: async ({ afterId = '', limit, usernamePart = '' }) => {
      const part = usernamePart === '' ? {} : { usernameKey: { $regex: literally(usernamePart) } }
      const filter = { _id: { $gt: afterId }, isDeleted: 0, ...part }
      const found = await accounts.find(filter, bounded).sort({ _id: 1 }).limit(limit).toArray()
      return found.map(toAccount)
    },
    countOtherActiveAccounts: (role, exceptId) => {
      const filter = { role, isDeleted: 0, disabled: 0, _id: { $ne: exceptId } }
      return accounts.countDocuments(filter, bounded)
    },
  }
}

async function findAccount(
  accounts: Collections['accounts'],
  id: string,
): Promise<Account | undefined> {
  const found = await accounts.findOne(living(id), bounded)
  return found ? toAccount(found) : undefined
}

/** What changes an account and revokes nothing. */
function createChanges(
  accounts: Collections['accounts'],
): Pick<AccountStore, 'insertAccount' | 'changeProfile' | 'replaceHash'> {
  return {
    insertAccount: async (account, usernameKey) => {
      try {
        await accounts.insertOne(toDocument(account, usernameKey), bounded)
        return 'inserted'
      } catch (error) {
        if (isDuplicateKey(error)) return 'username_taken'
        throw error
      }
    },
    changeProfile: async (id, { username, email }, now) => {
      const $set = {
        updatedAt: now,
        ...(username && { username: username.shown, usernameKey: username.key }),
        ...(email !== undefined && { email }),
      }
      try {
        // Not in one command with the answer: there, a taken name is no error on every server.
        const update = { $set, ...(email !== undefined && { $unset: unverified }) }
        const { matchedCount } = await accounts.updateOne(living(id), update, bounded)
        return (matchedCount === 1 ? await findAccount(accounts, id) : undefined) ?? 'not_found'
      } catch (error) {
        if (isDuplicateKey(error)) return 'username_taken'
        throw error
      }
    },
    replaceHash: async (id, from, to) => {
      const filter = { ...living(id), passwordHash: from }
      const update = { $set: { passwordHash: to } }
      const { matchedCount } = await accounts.updateOne(filter, update, bounded)
      return matchedCount === 1
    },
  }
}

/** What revokes: each raises epochs in the same write. */
function createActs(
  accounts: Collections['accounts'],
): Pick<AccountStore, 'changePassword' | 'changeStanding' | 'raiseEpochs' | 'deleteAccount'> {
  // One command that finds and changes. The answer is the account right after this change and before any other, so it
  // is made from the document as it was: not every server answers the new one of the same moment.
  const change = async (filter: object, update: AccountUpdate): Promise<Account | undefined> => {
    const before = await accounts.findOneAndUpdate(filter, update, returningBefore)
    return before ? toAccount(applyUpdate(before, update)) : undefined
  }
  return {
    changePassword: (id, { from, seenEpoch, to }, now) =>
      change(
        {
          ...living(id),
          ...(from !== undefined && { passwordHash: from }),
          ...(seenEpoch !== undefined && { sessionEpoch: seenEpoch }),
        },
        { $set: { passwordHash: to, epochsRaisedAt: now, updatedAt: now }, $inc: both },
      ),
    // What a change of standing raises depends on what it was, and only on that: while role and disabled are still
    // those that were read, the update is right whatever else has changed.
    changeStanding: async (id, wish, now) => {
      const result = await compareAndSwap(async () => {
        const seen = await accounts.findOne(living(id), bounded)
        const update = seen && toStandingUpdate(seen, wish, now)
        if (!update) return { account: seen ? toAccount(seen) : undefined }
        const { role, disabled } = seen
        const account = await change({ ...living(id), role, disabled }, update)
        return account && { account }
      })
      return result.account
    },
    raiseEpochs: (id, now, seenEpoch) =>
      change(
        { ...living(id), ...(seenEpoch !== undefined && { sessionEpoch: seenEpoch }) },
        { $set: { epochsRaisedAt: now }, $inc: both },
      ),
    deleteAccount: async (id, now) => {
      const { matchedCount } = await accounts.updateOne(living(id), toTombstone(now), bounded)
      return matchedCount === 1
    },
  }
}

/** What makes an address the account's own. */
function createEmailActs(
  accounts: Collections['accounts'],
): Pick<AccountStore, 'confirmEmail' | 'recoverAccount'> {
  // Not in one command with the answer: there, a taken key is no error on every server. So the answer is read.
  const change = async (id: string, key: string | undefined, filter: object, update: object) => {
    const apply = async (): Promise<Account | undefined> => {
      const { matchedCount } = await accounts.updateOne(
        { ...living(id), ...filter },
        update,
        bounded,
      )
      return matchedCount === 1 ? findAccount(accounts, id) : undefined
    }
    try {
      return await apply()
    } catch (error) {
      if (!isDuplicateKey(error) || key === undefined) throw error
    }
    // A tombstone that the version before made has kept its key.
    const tombstone = { verifiedEmailKey: key, isDeleted: 1 }
    const cleared = await accounts.updateOne(tombstone, { $unset: unverified }, bounded)
    if (cleared.matchedCount === 0) return 'email_taken'
    try {
      return await apply()
    } catch (error) {
      if (isDuplicateKey(error)) return 'email_taken'
      throw error
    }
  }
  return {
    confirmEmail: (id, { seen, seenEpoch: sessionEpoch, email }, now) => {
      const $set = { email: email.address, verifiedEmailKey: email.key, updatedAt: now }
      const confirm = (filter: object) =>
        change(id, email.key, { ...filter, sessionEpoch }, { $set })
      return seen === null ? confirmFirst(accounts, id, confirm) : confirm({ email: seen })
    },
    recoverAccount: (id, { seenEpoch, passwordHash, email, dropsFactors }, now) => {
      const $set = {
        epochsRaisedAt: now,
        updatedAt: now,
        ...(passwordHash !== undefined && { passwordHash }),
        ...(email && { email: email.address, verifiedEmailKey: email.key }),
      }
      const $inc = { ...both, factorEpoch: Number(dropsFactors) }
      return change(id, email?.key, { sessionEpoch: seenEpoch }, { $set, $inc })
    },
  }
}

/** Nothing is searched by null: whether there was no address is read, and held by when the account last changed. */
async function confirmFirst<T>(
  accounts: Collections['accounts'],
  id: string,
  change: (filter: object) => Promise<T | undefined>,
): Promise<T | undefined> {
  const seen = await accounts.findOne(living(id), bounded)
  if (seen === null || seen.email !== null) return undefined
  return change({ updatedAt: seen.updatedAt })
}

/** Undefined when everything is so already. */
function toStandingUpdate(
  seen: AccountDocument,
  wish: StandingChange,
  now: number,
): AccountUpdate | undefined {
  const role = wish.role ?? seen.role
  const disabled = wish.disabled === undefined ? seen.disabled : Number(wish.disabled)
  const changesRole = role !== seen.role
  const isDisabledNow = disabled > seen.disabled
  if (!changesRole && disabled === seen.disabled) return undefined
  const kills = changesRole || isDisabledNow
  return {
    $set: { role, disabled, updatedAt: now, ...(kills && { epochsRaisedAt: now }) },
    $inc: { sessionEpoch: Number(isDisabledNow), tokenEpoch: Number(kills) },
  }
}

function applyUpdate(before: AccountDocument, { $set, $inc }: AccountUpdate): AccountDocument {
  return {
    ...before,
    ...$set,
    sessionEpoch: before.sessionEpoch + $inc.sessionEpoch,
    tokenEpoch: before.tokenEpoch + $inc.tokenEpoch,
  }
}

function toTombstone(now: number): UpdateFilter<AccountDocument> {
  return {
    $set: {
      email: null,
      passwordHash: '',
      disabled: 1,
      epochsRaisedAt: now,
      updatedAt: now,
      isDeleted: 1,
    },
    $unset: { username: '', usernameKey: '', ...unverified },
    $inc: both,
  }
}

/** A pattern in which every character stands for itself. */
function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)
}

export function toAccount({ _id: id, ...document }: AccountDocument): Account {
  return {
    id,
    username: document.username ?? '',
    email: document.email,
    verifiedEmailKey: document.verifiedEmailKey ?? null,
    passwordHash: document.passwordHash,
    role: document.role,
    disabled: document.disabled !== 0,
    sessionEpoch: document.sessionEpoch,
    tokenEpoch: document.tokenEpoch,
    factorEpoch: document.factorEpoch ?? 0,
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
  }
}

function toDocument(account: Account, usernameKey: string): AccountDocument {
  return {
    _id: account.id,
    username: account.username,
    usernameKey,
    email: account.email,
    ...(account.verifiedEmailKey !== null && { verifiedEmailKey: account.verifiedEmailKey }),
    passwordHash: account.passwordHash,
    role: account.role,
    disabled: Number(account.disabled),
    sessionEpoch: account.sessionEpoch,
    tokenEpoch: account.tokenEpoch,
    factorEpoch: account.factorEpoch,
    createdAt: account.createdAt,
    updatedAt: account.updatedAt,
    isDeleted: 0,
  }
}
