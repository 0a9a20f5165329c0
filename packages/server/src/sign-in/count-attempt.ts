import type { AttemptLimits, GrantedAttempt, RefusedAttempt } from '../limits/attempt-limits.ts'
import type { VolumeLimit } from '../limits/volume-limits.ts'

export interface LoginLimits {
  /** Per account and address, and per account and known device. */
  readonly login: VolumeLimit
  /** Per account, all strangers together. */
  readonly account: VolumeLimit
}

/** Who tries to log in as whom. */
export interface LoginCaller {
  /** The account's name, or what was typed when nobody has it: the same spelling for each. */
  readonly countedAs: string
  readonly addressKey: string
  /** Of a device that the account is known to have logged in on. */
  readonly deviceId: string | undefined
}

export type LoginAttempt =
  | (GrantedAttempt & { readonly isStranger: boolean })
  | (RefusedAttempt & { readonly variable: 'RATE_LIMIT_LOGIN' | 'RATE_LIMIT_ACCOUNT' })

/**
 * Takes one attempt to log in. A known device has a bucket of its own, so that strangers, however many and from wherever,
 * use up their own attempts and not the owner's. The address comes first: what one address may not even try does not use
 * up what all strangers have.
 */
export async function reserveLogin(
  attempts: AttemptLimits,
  limits: LoginLimits,
  { countedAs, addressKey, deviceId }: LoginCaller,
): Promise<LoginAttempt> {
  if (deviceId !== undefined) {
    const own = await attempts.reserve('device', [countedAs, deviceId], limits.login)
    return own.granted ? { ...own, isStranger: false } : { ...own, variable: 'RATE_LIMIT_LOGIN' }
  }
  const here = await attempts.reserve('login', [countedAs, addressKey], limits.login)
  if (!here.granted) return { ...here, variable: 'RATE_LIMIT_LOGIN' }
  const anywhere = await attempts.reserve('account', [countedAs], limits.account)
  if (!anywhere.granted) return refuseAnywhere(here, anywhere)
  return { ...here, isStranger: true, release: releaseBoth(here, anywhere) }
}

// What was refused was not tried. It is given back, or a flood would fill the bucket of one address after the other, and
// warn the owner of each.
async function refuseAnywhere(
  here: GrantedAttempt,
  anywhere: RefusedAttempt,
): Promise<LoginAttempt> {
  await here.release()
  return { ...anywhere, variable: 'RATE_LIMIT_ACCOUNT' }
}

function releaseBoth(...taken: readonly GrantedAttempt[]): () => Promise<void> {
  return async () => {
    await Promise.all(taken.map(({ release }) => release()))
  }
}
