import { toTimestamp } from '../foundation/clock.ts'
import type { Account } from './account.ts'
import { verifiedEmail } from './email-address.ts'

/** What an account's owner and administrators see of it. */
export interface Profile {
  readonly id: string
  readonly username: string
  readonly email?: string
  readonly emailVerified?: boolean
  readonly role: string
  readonly roles: readonly string[]
  readonly createdAt: string
  readonly updatedAt: string
}

export interface AdministeredProfile extends Profile {
  readonly disabled: boolean
}

export function toProfile(account: Account): Profile {
  const createdAt = toTimestamp(account.createdAt)
  // Most accounts were never changed, and of all that makes a profile a timestamp is the dearest.
  const isUnchanged = account.updatedAt === account.createdAt
  return {
    id: account.id,
    username: account.username,
    ...(account.email !== null && {
      email: account.email,
      emailVerified: verifiedEmail(account) !== undefined,
    }),
    role: account.role,
    roles: [account.role],
    createdAt,
    updatedAt: isUnchanged ? createdAt : toTimestamp(account.updatedAt),
  }
}

export function toAdministeredProfile(account: Account): AdministeredProfile {
  return { ...toProfile(account), disabled: account.disabled }
}
