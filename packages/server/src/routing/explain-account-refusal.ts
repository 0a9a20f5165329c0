import type { AccountRefusal } from '../accounts/open-account.ts'
import { type Problem, problem } from '../http/problems.ts'

/** What the client sees of an account that was not opened. */
export function explainAccountRefusal(refusal: AccountRefusal): Problem {
  switch (refusal.reason) {
    case 'invalid_username':
      return invalidMember(
        'username',
        'A user name has 3 to 64 ASCII letters, digits, dots, underscores or hyphens',
      )
    case 'invalid_email':
      return invalidMember('email', 'This is not an e-mail address')
    case 'unknown_role':
      return invalidMember('role', 'There is no such role')
    case 'username_taken':
      return problem('username_taken')
    case 'weak_password':
      return weakPassword('password', refusal.refusal)
    case 'busy':
      return busy(refusal.retryAfterSeconds)
  }
}

export function invalidMember(path: string, message: string): Problem {
  return problem('invalid_request', { message, errors: [{ path, code: 'invalid', message }] })
}

export function weakPassword(
  path: string,
  refusal: { readonly reason: string; readonly message: string },
): Problem {
  const { reason, message } = refusal
  return problem('weak_password', { message, errors: [{ path, code: reason, message }] })
}

export function busy(retryAfterSeconds: number): Problem {
  return problem('busy', { headers: { 'retry-after': `${Math.max(1, retryAfterSeconds)}` } })
}
