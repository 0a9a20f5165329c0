import { isCommonPassword } from './common-passwords.ts'
import { normalize } from './password-hasher.ts'

export interface PasswordContext {
  readonly minLength: number
  /** What happens to a password that is common or made of context words. */
  readonly common: 'refuse' | 'warn'
  /** What the service calls itself. */
  readonly service?: string
  readonly username?: string
  readonly email?: string | null
}

export interface PasswordRefusal {
  readonly ok: false
  readonly reason: 'too_short' | 'too_long' | 'lone_surrogate' | 'nul' | 'common' | 'context'
  readonly message: string
}

export type CheckedPassword =
  | { readonly ok: true; readonly warning?: 'common' | 'context' }
  | PasswordRefusal

const maxLength = 128
/** What has to remain of a password when the words that anybody would try are taken away. */
const minRemainder = 6
const productWord = 'countersign'

/**
 * Judges a new password by NIST SP 800-63B: length in characters (code points), none of them excluded, no rules of
 * composition, not common, and not made of the names around it. Existing passwords are never judged.
 */
export function checkNewPassword(password: string, context: PasswordContext): CheckedPassword {
  if (!password.isWellFormed()) {
    return refuse('lone_surrogate', 'The password has half of a surrogate pair')
  }
  if (password.includes('\0')) return refuse('nul', 'The password has a NUL character')
  const normal = normalize(password)
  const length = [...normal].length
  if (length < context.minLength) {
    return refuse('too_short', `The password needs at least ${context.minLength} characters`)
  }
  if (length > maxLength) {
    return refuse('too_long', `The password may have at most ${maxLength} characters`)
  }
  const weakness = findWeakness(normal, context)
  if (weakness === undefined) return { ok: true }
  return context.common === 'warn' ? { ok: true, warning: weakness.reason } : weakness
}

function findWeakness(
  password: string,
  context: PasswordContext,
): (PasswordRefusal & { readonly reason: 'common' | 'context' }) | undefined {
  if (isCommonPassword(password)) {
    return { ...refuse('common', 'The password is one of the most common ones'), reason: 'common' }
  }
  if (isMadeOfContext(password, context)) {
    const message = 'The password is little more than a name that anybody would try'
    return { ...refuse('context', message), reason: 'context' }
  }
  return undefined
}

/**
 * Takes the names of the service and the user away, whole and in their parts, then digits, punctuation and what they
 * usually decorate, and looks whether enough remains. A long passphrase that happens to hold a name passes.
 */
function isMadeOfContext(password: string, { service, username, email }: PasswordContext): boolean {
  const names = [productWord, service ?? '', username ?? '', (email ?? '').split('@', 1)[0] ?? '']
  const words = names.flatMap(wordsOf).toSorted((one, other) => other.length - one.length)
  const lower = password.toLowerCase()
  if (!words.some((word) => lower.includes(word))) return false
  let rest = lower
  for (const word of words) rest = rest.replaceAll(word, '')
  return [...rest.replace(/[\p{N}\p{P}\p{S}\s]/gu, '')].length < minRemainder
}

/** `ada.lovelace` is a word, and so is `lovelace`; a short part, as in `me+shop`, is in too many other words. */
function wordsOf(name: string): string[] {
  const whole = name.toLowerCase()
  const parts = whole.split(/[^\p{L}\p{M}]+/u).filter((part) => part.length >= 4)
  return [whole, ...parts].filter((word) => word.length >= 3)
}

function refuse(reason: PasswordRefusal['reason'], message: string): PasswordRefusal {
  return { ok: false, reason, message }
}
