import type { Account } from '../accounts/account.ts'
import { type Clock, day } from '../foundation/clock.ts'
import type { IdSource } from '../foundation/ids.ts'
import { type MasterSecrets, open, seal } from '../foundation/master-secret.ts'
import type { Randomness } from '../foundation/randomness.ts'
import { type CookieAttributes, formatCookie, readCookie } from '../http/cookies.ts'
import type { RequestSource } from '../http/request-source.ts'

/**
 * The cookie of a device that completed a log-in (OWASP "device cookies"). It opens nothing: whoever brings it for an
 * account is counted apart from strangers, so that an attack on the password does not lock the owner out, and is no new
 * device. A copy of it gives the attempts of that one device, and none once the account's sessionEpoch has moved.
 */
export interface DeviceCookies {
  /** The device's id, when the request comes from one that this account logged in on under its present epoch. */
  recognize(
    source: RequestSource,
    account: Pick<Account, 'id' | 'sessionEpoch'>,
  ): string | undefined
  /** Set-Cookie that makes the device known to the account, and keeps it known to the others that it is known to. */
  remember(source: RequestSource, account: Pick<Account, 'id' | 'sessionEpoch'>): string
}

export interface DeviceCookieParts {
  readonly secrets: MasterSecrets
  readonly clock: Clock
  readonly newId: IdSource
  readonly randomness: Randomness
  readonly cookie: CookieAttributes
}

const purpose = 'device cookie'
const lifeMs = 180 * day
/** People who share a browser, or have an account for administering: as many as keep the cookie short. */
const maxAccounts = 5
const longest = 1_024

interface Acquaintance {
  readonly id: string
  readonly epoch: number
  readonly at: number
}

/** What stands in the cookie; only this file seals for its purpose. */
interface Device {
  readonly id: string
  /** The latest first. */
  readonly accounts: readonly Acquaintance[]
}

export function createDeviceCookies(parts: DeviceCookieParts): DeviceCookies {
  const { secrets, clock, newId, randomness, cookie } = parts
  const read = (source: RequestSource): Device | undefined => {
    const found = readCookie(source.header('cookie'), cookie.name)
    if (found === undefined || found === 'ambiguous' || found.value.length > longest)
      return undefined
    const plain = open(secrets, purpose, found.value)
    if (plain === undefined) return undefined
    const device = JSON.parse(plain.toString()) as Device
    const now = clock()
    return { ...device, accounts: device.accounts.filter(({ at }) => at + lifeMs > now) }
  }
  return {
    recognize: (source, account) => {
      const device = read(source)
      const isKnown = device?.accounts.some(
        ({ id, epoch }) => id === account.id && epoch === account.sessionEpoch,
      )
      return isKnown ? device?.id : undefined
    },
    remember: (source, { id, sessionEpoch: epoch }) => {
      const device = read(source) ?? { id: newId(), accounts: [] }
      const others = device.accounts.filter((other) => other.id !== id)
      const accounts = [{ id, epoch, at: clock() }, ...others].slice(0, maxAccounts)
      const plain = Buffer.from(JSON.stringify({ id: device.id, accounts }))
      return formatCookie(cookie, seal(secrets, purpose, plain, randomness), lifeMs / 1000)
    },
  }
}
