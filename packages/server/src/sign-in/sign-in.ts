// Sign-in: from a name and a password to a session. It owns the order in which the two are checked, so that an unknown
// name, a wrong password and a disabled account are one answer in the same time.

import type { Account } from '../accounts/account.ts'
import { checkStanding } from '../accounts/may-act.ts'
import { parseEmailAddress, verifiedEmail } from '../accounts/email-address.ts'
import type { AccountStore } from '../accounts/store.ts'
import { toUsernameKey } from '../accounts/username.ts'
import type { AttemptLimits } from '../limits/attempt-limits.ts'
import type { PasswordHasher } from '../passwords/password-hasher.ts'
import { type LoginAttempt, type LoginLimits, reserveLogin } from './count-attempt.ts'
import type { StrangersFailure } from './watch-failures.ts'

export interface SignInParts {
  readonly store: Pick<
    AccountStore,
    'findAccountByUsername' | 'findAccountByVerifiedEmail' | 'replaceHash'
  >
  readonly hasher: PasswordHasher
  readonly attempts: AttemptLimits
  readonly limits: LoginLimits
}

export interface SignInOrigin {
  readonly addressKey: string
  /** The device's id, when this account is known to have logged in on it. */
  readonly deviceOf: (account: Account) => string | undefined
}

export type SignInResult =
  | {
      readonly ok: true
      readonly account: Account
      /** Gives the attempt back; together with what starts the session, so that they share one commit. */
      readonly release: () => Promise<void>
    }
  /** The account is known to us, never to the client. */
  | {
      readonly ok: false
      readonly reason: 'unknown_user' | 'wrong_password' | 'disabled'
      readonly account: Account | undefined
      /** Undefined for a known device, whose failures are its owner's. */
      readonly strangers: StrangersFailure | undefined
    }
  | {
      readonly ok: false
      readonly reason: 'too_many'
      readonly attempt: Extract<LoginAttempt, { granted: false }>
      readonly account: Account | undefined
    }
  | { readonly ok: false; readonly reason: 'busy'; readonly retryAfterSeconds: number }

/** Checks a password. The attempt is counted before the work starts, and to be given back when it succeeds. */
export async function checkPassword(
  parts: SignInParts,
  credentials: { readonly username: string; readonly password: string },
  { addressKey, deviceOf }: SignInOrigin,
): Promise<SignInResult> {
  const { account, countedAs } = await findByName(parts.store, credentials.username)
  const deviceId = account && deviceOf(account)
  const caller = { countedAs, addressKey, deviceId }
  const attempt = await reserveLogin(parts.attempts, parts.limits, caller)
  if (!attempt.granted) return { ok: false, reason: 'too_many', attempt, account }
  const verified = await parts.hasher.verify(credentials.password, account?.passwordHash)
  if (!verified.ok) {
    await attempt.release()
    return { ok: false, reason: 'busy', retryAfterSeconds: verified.retryAfterSeconds }
  }
  const reason = whyNot(account, verified.matches)
  if (account === undefined || reason !== undefined) {
    const { count } = attempt
    const strangers = attempt.isStranger
      ? { countedAs, addressKey, count, accountId: account?.id }
      : undefined
    return { ok: false, reason: reason ?? 'unknown_user', account, strangers }
  }
  if (verified.needsRehash) await rehash(parts, account, credentials.password)
  return { ok: true, account, release: attempt.release }
}

function whyNot(
  account: Account | undefined,
  matches: boolean,
): 'unknown_user' | 'wrong_password' | 'disabled' | undefined {
  if (account === undefined) return 'unknown_user'
  if (!matches) return 'wrong_password'
  return checkStanding(account, { kind: 'password' }) === 'may_act' ? undefined : 'disabled'
}

/** By user name or verified address. Both count as one, so that nobody gets twice the attempts. */
async function findByName(
  store: SignInParts['store'],
  typed: string,
): Promise<{ readonly account: Account | undefined; readonly countedAs: string }> {
  const email = parseEmailAddress(typed)
  const usernameKey = toUsernameKey(typed)
  // Both are asked, whatever the first answers: an imported name may look like an address, and how many questions there
  // were would tell whether an address is known.
  const [owner, named] = await Promise.all([
    email && store.findAccountByVerifiedEmail(email.key),
    store.findAccountByUsername(usernameKey),
  ])
  const account = owner && verifiedEmail(owner) ? owner : named
  const countedAs = account ? toUsernameKey(account.username) : (email?.key ?? usernameKey)
  return { account, countedAs }
}

// An older or foreign hash becomes one of the present parameters. Without room to hash it waits for the next log-in.
async function rehash(parts: SignInParts, account: Account, password: string): Promise<void> {
  const hashed = await parts.hasher.hash(password)
  if (hashed.ok) await parts.store.replaceHash(account.id, account.passwordHash, hashed.hash)
}
