import type { Algorithm } from '../cryptography/keys.ts'
import type { AccessClaims } from './claims.ts'

/** A token that passed every check, and what must still hold for it to pass again. */
export interface VerifiedToken<Key> {
  kid: string
  key: Key
  algorithm: Algorithm
  claims: AccessClaims
  /** When it passed, Unix time in seconds. */
  verifiedAtSeconds: number
  /** The answer to give, made once. */
  verification: { readonly ok: true; readonly claims: AccessClaims }
}

/** Remembers verified tokens by their text, so that a repeated one costs no signature check. */
export interface VerifiedTokens<Key> {
  find(token: string): VerifiedToken<Key> | undefined
  keep(token: string, verified: VerifiedToken<Key>): void
  drop(token: string): void
}

/**
 * Holds the last `size` tokens; the oldest leaves first. The order stands in a ring of slots,
 * because finding a Map's first key again and again walks over the entries deleted before it.
 */
export function createVerifiedTokens<Key>(size: number): VerifiedTokens<Key> {
  const entries = new Map<string, { verified: VerifiedToken<Key>; slot: number }>()
  const slots: (string | undefined)[] = []
  let next = 0

  function drop(token: string): void {
    const entry = entries.get(token)
    if (entry === undefined) return
    entries.delete(token)
    slots[entry.slot] = undefined
  }

  return {
    find: (token) => entries.get(token)?.verified,
    keep(token, verified) {
      if (size === 0) return
      drop(token)
      const oldest = slots[next]
      if (oldest !== undefined) entries.delete(oldest)
      slots[next] = token
      entries.set(token, { verified, slot: next })
      next = (next + 1) % size
    },
    drop,
  }
}
