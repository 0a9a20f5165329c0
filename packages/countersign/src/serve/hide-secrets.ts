import { stdSerializers } from 'pino'

const secretNames: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'set-cookie',
  'password',
  'currentpassword',
  'newpassword',
  'passwordhash',
  'token',
  'accesstoken',
  'refreshtoken',
  'csrftoken',
  'mfatoken',
  'secret',
  'jwtsecret',
])

/** Whatever lies deeper is left out unseen; it ends in circles, too. */
const deepest = 8

/**
 * A value for the log, without what stands under a secret's name (in any case) in its objects and lists. Copied only where
 * something was hidden: nearly every line has nothing to hide. Errors become what the log shows of them; what writes itself
 * (`toJSON`) is left to do so.
 */
export function hideSecrets(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value
  if (depth > deepest) return '[not shown]'
  if (value instanceof Error) return hideSecrets({ ...stdSerializers.err(value) }, depth)
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value
    const shown = items.map((item) => hideSecrets(item, depth + 1))
    return shown.some((item, index) => !Object.is(item, items[index])) ? shown : items
  }
  let copy: Record<string, unknown> | undefined
  for (const [name, member] of Object.entries(value)) {
    const shown = isSecret(name) ? '[redacted]' : hideSecrets(member, depth + 1)
    if (Object.is(shown, member)) continue
    copy ??= { ...value }
    copy[name] = shown
  }
  return copy ?? value
}

function isSecret(name: string): boolean {
  return secretNames.has(name.toLowerCase())
}
