import { toNormalForm } from '../foundation/normal-form.ts'

export interface Username {
  /** As the account shows it. */
  readonly shown: string
  /** The form in which names are unique: without case. */
  readonly key: string
}

const allowed = /^[A-Za-z0-9._-]{3,64}$/

/**
 * A name of 3 to 64 ASCII letters, digits, dots, underscores and hyphens after NFKC. Letters of other scripts are
 * refused because many look like these; `@` is, so that a name can never be another's address.
 */
export function parseUsername(text: string): Username | undefined {
  const shown = toNormalForm(text, 'NFKC')
  return allowed.test(shown) ? { shown, key: shown.toLowerCase() } : undefined
}

/** The key under which a name that somebody types at log-in would be stored; imported names may be odd. */
export function toUsernameKey(text: string): string {
  return toNormalForm(text, 'NFKC').toLowerCase()
}
