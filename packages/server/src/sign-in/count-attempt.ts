import {
  type AttemptKind,
  type AttemptLimits,
  type GrantedAttempt,
  type RefusedAttempt,
  reserveBoth,
} from '../limits/attempt-limits.ts'
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

type RefusedLogin = RefusedAttempt & {
  readonly variable: 'RATE_LIMIT_LOGIN' | 'RATE_LIMIT_ACCOUNT'
}

export type LoginAttempt = (GrantedAttempt & { readonly isStranger: boolean }) | RefusedLogin

/**
 * Takes one attempt to log in. A known device has a bucket of its own, so that strangers, however many and from wherever,
 * use up their own attempts and not the owner's. The address comes first: what one address may not even try does not use
 * up what all strangers have, nor warn the owner.
 */
export async function reserveLogin(
  attempts: AttemptLimits,
  limits: LoginLimits,
  { countedAs, addressKey, deviceId }: LoginCaller,
): Promise<LoginAttempt> {
  const take = async (
    variable: RefusedLogin['variable'],
    kind: AttemptKind,
    parts: readonly string[],
  ): Promise<GrantedAttempt | RefusedLogin> => {
    const limit = variable === 'RATE_LIMIT_LOGIN' ? limits.login : limits.account
    const attempt = await attempts.reserve(kind, [countedAs, ...parts], limit)
    return attempt.granted ? attempt : { ...attempt, variable }
  }
  if (deviceId !== undefined) {
    const own = await take('RATE_LIMIT_LOGIN', 'device', [deviceId])
    return own.granted ? { ...own, isStranger: false } : own
  }
  const here = take('RATE_LIMIT_LOGIN', 'login', [addressKey])
  const both = await reserveBoth(here, () => take('RATE_LIMIT_ACCOUNT', 'account', []))
  return both.granted ? { ...both, isStranger: true } : both
}
