import type { Algorithm } from '../cryptography/keys.ts'
import { type AccessClaims, freezeClaims } from './claims.ts'

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

interface Entry<Key> {
  token: string
  verified: VerifiedToken<Key>
  slot: number
}

/**
 * Holds the last `size` tokens; the oldest leaves first. The order stands in a ring of slots,
 * because finding a Map's first key again and again walks over the entries deleted before it.
 *
 * The Map is keyed by a mark of the token and not by its text: to look up a text that a request brought, V8 first finds or
 * makes the one copy of it that serves as a key, which takes longer than to compare it with the only one it can be. Of two
 * tokens with one mark the later takes the place.
 *
 * Where more tokens than that are in use, each would push out another before it is met again, and all that is remembered
 * would only be work for the collector of garbage. So a token takes the place of one that is still alive only when it
 * comes for the second time in a while.
 */
export function createVerifiedTokens<Key>(size: number): VerifiedTokens<Key> {
  const entries = new Map<number, Entry<Key>>()
  const slots: (number | undefined)[] = []
  const recent = createRecentMarks(size)
  let next = 0

  function remove(mark: number): void {
    const entry = entries.get(mark)
    if (entry === undefined) return
    entries.delete(mark)
    slots[entry.slot] = undefined
  }

  function isAlive(mark: number, nowSeconds: number): boolean {
    const entry = entries.get(mark)
    return entry !== undefined && nowSeconds < entry.verified.claims.exp
  }

  return {
    find(token) {
      const entry = entries.get(markOf(token))
      return entry !== undefined && entry.token === token ? entry.verified : undefined
    },
    keep(token, verified) {
      if (size === 0) return
      const mark = markOf(token)
      remove(mark)
      const oldest = slots[next]
      if (oldest !== undefined) {
        const isNeeded = isAlive(oldest, verified.verifiedAtSeconds)
        if (isNeeded && !recent.meet(mark)) return
        entries.delete(oldest)
      }
      // From here on it serves many requests, and no caller may change it for another.
      freezeClaims(verified.claims)
      Object.freeze(verified.verification)
      slots[next] = mark
      entries.set(mark, { token, verified, slot: next })
      next = (next + 1) % size
    },
    drop(token) {
      const mark = markOf(token)
      if (entries.get(mark)?.token === token) remove(mark)
    },
  }
}

/** 30 bits of the last characters but one, which belong to the signature: as good as drawn at random. */
function markOf(token: string): number {
  let mark = 0
  for (let at = token.length - 7; at < token.length - 1; at++)
    mark = (Math.imul(mark, 61) + token.charCodeAt(at)) | 0
  return mark >>> 2
}

/** 4 MiB of them, however many tokens are remembered. */
const MOST_MARKS = 2 ** 20 - 1

/**
 * About as many marks as there are places. Two tokens that are taken for each other do no harm: one is kept that need
 * not be.
 */
function createRecentMarks(size: number): { meet(mark: number): boolean } {
  const places = 2 ** Math.ceil(Math.log2(Math.min(size, MOST_MARKS) + 1))
  const met = new Uint32Array(places)
  return {
    /** Whether it was met before, not too long ago. */
    meet(mark) {
      const place = mark & (places - 1)
      const isKnown = met[place] === mark
      met[place] = mark
      return isKnown
    },
  }
}
