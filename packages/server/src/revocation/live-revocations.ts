// Revocation: which sessions and tokens are dead before they expire. This folder owns the copy in memory that makes the
// check cost nanoseconds, and keeps it current: own acts are noted as they commit, those of other processes are polled.
// The truth is in sessions and accounts; nothing is appended anywhere.

import type { AccessClaims } from '@countersign/verify'
import { SeldomMap } from '@countersign/verify/seldom-map'
import type { Clock } from '../foundation/clock.ts'
import type { Revocation } from './store.ts'

interface Entry {
  /** Tokens with a lower epoch are dead; Infinity for a session, whose tokens are all dead. */
  readonly epoch: number
  /** When the last token that it can concern has expired. */
  readonly forgetAt: number
}

export class LiveRevocations {
  readonly #sessions = new SeldomMap<Entry>()
  readonly #subjects = new SeldomMap<Entry>()
  readonly #listeners = new Set<() => void>()
  readonly #clock: Clock
  readonly #retentionMs: number

  /** @param retentionMs longer than any access token lives */
  constructor(clock: Clock, retentionMs: number) {
    this.#clock = clock
    this.#retentionMs = retentionMs
  }

  get size(): number {
    return this.#sessions.size + this.#subjects.size
  }

  get retentionMs(): number {
    return this.#retentionMs
  }

  /** Takes note of a revocation; noting it again changes nothing. */
  note(revocation: Revocation): void {
    const forgetAt = revocation.at + this.#retentionMs
    if (revocation.kind === 'session') {
      this.#keep(this.#sessions, revocation.sessionId, Number.POSITIVE_INFINITY, forgetAt)
    } else {
      this.#keep(this.#subjects, revocation.subject, revocation.epoch, forgetAt)
    }
  }

  /** Calls the listener after each note that told something new. @returns what stops it */
  onNews(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** What was revoked at or after this time and is still alive, in order of time, then of name. */
  since(at: number): Revocation[] {
    const from = at + this.#retentionMs
    const found: Revocation[] = []
    for (const [sessionId, { forgetAt }] of this.#sessions) {
      if (forgetAt >= from) found.push({ kind: 'session', sessionId, at: this.#timeOf(forgetAt) })
    }
    for (const [subject, { epoch, forgetAt }] of this.#subjects) {
      if (forgetAt >= from)
        found.push({ kind: 'subject', subject, epoch, at: this.#timeOf(forgetAt) })
    }
    return found.sort(byTime)
  }

  /** Whether noting this would tell nothing new, its time apart. */
  knows(revocation: Revocation): boolean {
    if (revocation.kind === 'session') return this.#sessions.has(revocation.sessionId)
    const subject = this.#subjects.get(revocation.subject)
    return subject !== undefined && subject.epoch >= revocation.epoch
  }

  isRevoked(claims: AccessClaims): boolean {
    if (claims.sid !== undefined && this.#sessions.has(claims.sid)) return true
    const subject = this.#subjects.get(claims.sub)
    return subject !== undefined && (claims.epoch ?? 0) < subject.epoch
  }

  /** Drops what no living token can concern any more. */
  prune(): void {
    const now = this.#clock()
    for (const entries of [this.#sessions, this.#subjects]) {
      for (const [key, entry] of entries) if (entry.forgetAt < now) entries.delete(key)
    }
  }

  #timeOf(forgetAt: number): number {
    return forgetAt - this.#retentionMs
  }

  #keep(entries: SeldomMap<Entry>, key: string, epoch: number, forgetAt: number): void {
    const known = entries.get(key)
    if (known && known.epoch >= epoch && known.forgetAt >= forgetAt) return
    entries.set(key, {
      epoch: Math.max(known?.epoch ?? 0, epoch),
      forgetAt: Math.max(known?.forgetAt ?? 0, forgetAt),
    })
    for (const listener of this.#listeners) listener()
  }
}

/** The name by which a revocation is told from others of the same time. */
export function keyOf(revocation: Revocation): string {
  return revocation.kind === 'session' ? `s${revocation.sessionId}` : `u${revocation.subject}`
}

function byTime(left: Revocation, right: Revocation): number {
  if (left.at !== right.at) return left.at - right.at
  return keyOf(left) < keyOf(right) ? -1 : 1
}
