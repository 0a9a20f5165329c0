import type { Account } from '../accounts/account.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { PasswordHasher } from '../passwords/password-hasher.ts'
import { busy } from '../routing/explain-account-refusal.ts'
import { type PasswordAttemptParts, reservePassword } from './reserve-password.ts'

export interface CurrentPasswordParts extends PasswordAttemptParts {
  readonly hasher: PasswordHasher
}

/** Checks the password of an account that is known already. */
export async function checkCurrentPassword(
  parts: CurrentPasswordParts,
  account: Account,
  password: string,
  context: RequestContext,
): Promise<Problem | undefined> {
  const attempt = await reservePassword(parts, account, context)
  if ('problem' in attempt) return attempt
  const verified = await parts.hasher.verify(password, account.passwordHash)
  if (!verified.ok) {
    await attempt.release()
    return busy(verified.retryAfterSeconds)
  }
  if (!verified.matches) {
    const facts = { actorId: account.id, subjectId: account.id }
    const detail = { reason: 'wrong_password', factor: 'password' }
    await parts.audit.record('sign_in.failed', { ...facts, detail }, context)
    return problem('invalid_password')
  }
  await attempt.release()
  return undefined
}
