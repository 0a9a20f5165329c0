import type { Algorithm } from '../cryptography/keys.ts'
import { type AccessClaims, freezeClaims, shareEqualClaims } from './claims.ts'

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

/** A longer token takes as many places as it has times this length, so that memory stays within what `size` says. */
const LENGTH_OF_A_PLACE = 1024

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
  const ring = createRing(size)
  const recent = createRecentMarks(size)
  let last: AccessClaims | undefined

  function remove(mark: number): void {
    const entry = entries.get(mark)
    if (entry === undefined) return
    entries.delete(mark)
    ring.clear(entry.slot)
  }

  function isAlive(mark: number | undefined, nowSeconds: number): boolean {
    const entry = mark === undefined ? undefined : entries.get(mark)
    return entry !== undefined && nowSeconds < entry.verified.claims.exp
  }

  /** What has expired goes before its turn comes: two places are looked at for each that is taken. */
  function sweep(nowSeconds: number): void {
    for (let looked = 0; looked < 2; looked++) {
      const mark = ring.sweep()
      if (mark !== undefined && !isAlive(mark, nowSeconds)) remove(mark)
    }
  }

  function put(mark: number, entry: Omit<Entry<Key>, 'slot'>, places: number): void {
    for (const pushedOut of ring.nextOnes(places)) if (pushedOut !== undefined) remove(pushedOut)
    entries.set(mark, { ...entry, slot: ring.take(mark, places) })
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
      const places = Math.min(size, Math.ceil(token.length / LENGTH_OF_A_PLACE))
      const nowSeconds = verified.verifiedAtSeconds
      const isNeeded = ring.nextOnes(places).some((other) => isAlive(other, nowSeconds))
      if (isNeeded && !recent.meet(mark)) return
      sweep(nowSeconds)
      // From here on it serves many requests, and no caller may change it for another.
      if (last !== undefined) shareEqualClaims(verified.claims, last)
      freezeClaims(verified.claims)
      Object.freeze(verified.verification)
      last = verified.claims
      put(mark, { token, verified }, places)
    },
    drop(token) {
      const mark = markOf(token)
      if (entries.get(mark)?.token === token) remove(mark)
    },
  }
}

interface Ring {
  /** The marks in the places whose turn it is; a free place has none. */
  nextOnes(places: number): (number | undefined)[]
  /** Takes these places, the first of them with the mark. @returns which that is */
  take(mark: number, places: number): number
  clear(slot: number): void
  /** The mark in the place after the one that was looked at last. */
  sweep(): number | undefined
}

function createRing(size: number): Ring {
  const slots: (number | undefined)[] = []
  let next = 0
  let swept = 0
  return {
    nextOnes: (places) =>
      Array.from({ length: places }, (_, place) => slots[(next + place) % size]),
    take(mark, places) {
      const slot = next
      for (let place = 0; place < places; place++) {
        slots[next] = place === 0 ? mark : undefined
        next = (next + 1) % size
      }
      return slot
    },
    clear(slot) {
      slots[slot] = undefined
    },
    sweep() {
      swept = swept + 1 < slots.length ? swept + 1 : 0
      return slots[swept]
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
