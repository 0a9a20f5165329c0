import type { AccessClaims } from '../tokens/claims.ts'
import type { FeedEntry } from './feed-page.ts'
import { SeldomMap } from './seldom-map.ts'

interface Held {
  /** Tokens with a lower epoch are dead; Infinity for a session, whose tokens are all dead. */
  epoch: number
  /** When the last token that it can concern has expired, in milliseconds. */
  forgetAt: number
}

/** The revocations that may still concern a token, in memory. */
export class HeldRevocations {
  readonly #sessions = new SeldomMap<Held>()
  readonly #subjects = new SeldomMap<Held>()

  get size(): number {
    return this.#sessions.size + this.#subjects.size
  }

  /** Takes note of an entry; noting it again, or an older one later, changes nothing. */
  note(entry: FeedEntry, keepSeconds: number): void {
    const forgetAt = (entry.at + keepSeconds) * 1000
    if ('session' in entry) {
      merge(this.#sessions, entry.session, { epoch: Number.POSITIVE_INFINITY, forgetAt })
    } else {
      merge(this.#subjects, entry.subject, { epoch: entry.epoch, forgetAt })
    }
  }

  /** A token that names no epoch is older than every one. */
  isRevoked(claims: AccessClaims): boolean {
    if (claims.sid !== undefined && this.#sessions.has(claims.sid)) return true
    const subject = this.#subjects.get(claims.sub)
    return subject !== undefined && !((claims.epoch ?? -1) >= subject.epoch)
  }

  /** Drops what no living token can concern any more. Returns whether there was any. */
  prune(now: number): boolean {
    const before = this.size
    for (const held of [this.#sessions, this.#subjects]) {
      for (const [name, { forgetAt }] of held) if (forgetAt <= now) held.delete(name)
    }
    return this.size < before
  }
}

function merge(held: SeldomMap<Held>, name: string, { epoch, forgetAt }: Held): void {
  const known = held.get(name)
  if (known === undefined) {
    held.set(name, { epoch, forgetAt })
    return
  }
  known.epoch = Math.max(known.epoch, epoch)
  known.forgetAt = Math.max(known.forgetAt, forgetAt)
}
