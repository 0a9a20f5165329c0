// Revocation: which sessions and tokens are dead before they expire. This folder owns the copy in memory that makes the
// check cost nanoseconds, and keeps it current: own acts are noted as they commit, those of other processes are polled.
// The truth is in sessions and accounts; nothing is appended anywhere.

import type { AccessClaims } from '@countersign/verify'
import type { Clock } from '../foundation/clock.ts'
import type { Revocation } from './store.ts'

interface Entry {
  /** Tokens with a lower epoch are dead; Infinity for a session, whose tokens are all dead. */
  readonly epoch: number
  /** When the last token that it can concern has expired. */
  readonly forgetAt: number
}

export class LiveRevocations {
  readonly #sessions = new Map<string, Entry>()
  readonly #subjects = new Map<string, Entry>()
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

  /** Takes note of a revocation; noting it again changes nothing. */
  note(revocation: Revocation): void {
    const forgetAt = revocation.at + this.#retentionMs
    if (revocation.kind === 'session') {
      this.#sessions.set(revocation.sessionId, { epoch: Number.POSITIVE_INFINITY, forgetAt })
      return
    }
    const known = this.#subjects.get(revocation.subject)
    if (known && known.epoch >= revocation.epoch && known.forgetAt >= forgetAt) return
    this.#subjects.set(revocation.subject, {
      epoch: Math.max(known?.epoch ?? 0, revocation.epoch),
      forgetAt: Math.max(known?.forgetAt ?? 0, forgetAt),
    })
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
}
