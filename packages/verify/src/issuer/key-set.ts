// Issuer: what is fetched from the issuer of the tokens: where its keys are, the keys, and how long they are kept. It
// checks no token (tokens/) and follows no revocations (revocations/).

import type { Awaitable } from '../cryptography/cryptography.ts'
import type { VerificationKey } from '../cryptography/keys.ts'
import type { Outage } from '../tokens/token-failure.ts'
import type { LoadedKeys } from './load-keys.ts'
import { SharedWork } from './shared-work.ts'

/** How long keys are kept, all in seconds. */
export interface KeySetLimits {
  /** Between two fetches that tokens with an unknown `kid` cause; also the least time a set is kept. */
  coolDownSeconds: number
  /** The longest time a set is kept without asking again, whatever its `max-age`. */
  maxAgeSeconds: number
  /** How long after its last fetch a set still serves while the issuer cannot be reached. */
  staleSeconds: number
}

export interface KeySetStatus {
  /**
   * `none`: no key was ever loaded. `stale`: kept beyond its time, because nobody asked or the issuer cannot be
   * reached. `given`: by the option `findKey`.
   */
  readonly state: 'none' | 'fresh' | 'stale' | 'given'
  /** How many keys there are; undefined for given ones. */
  readonly count: number | undefined
  /** When they were fetched, milliseconds since 1970. */
  readonly fetchedAt: number | undefined
  /** Why the last fetch failed, if it did. */
  readonly problem: string | undefined
}

/** The issuer's keys, kept and renewed. */
export interface KeySet<Key> {
  /**
   * @param coolDownSeconds in place of the limit's, where the id comes from somebody who is trusted more than whoever
   * sends a token
   */
  find(kid: string, coolDownSeconds?: number): Awaitable<VerificationKey<Key> | Outage | undefined>
  /** Loads the keys if there are none. @throws Error that says why they cannot be loaded */
  load(): Promise<void>
  status(): KeySetStatus
}

const DEFAULT_MAX_AGE_SECONDS = 300
/** Renewed in the background from here on, so that no token has to wait for the fetch. */
const RENEWAL_SHARE = 0.8
const FIRST_RETRY_MS = 1000

interface HeldKeys<Key> extends LoadedKeys<Key> {
  fetchedAt: number
  renewAt: number
  freshUntil: number
}

/** There is no timer: whatever is due happens when a token asks. */
export class FetchedKeySet<Key> implements KeySet<Key> {
  readonly #load: () => Promise<LoadedKeys<Key>>
  readonly #limits: KeySetLimits
  readonly #clock: () => number
  readonly #onProblem: (problem: Error) => void
  #held: HeldKeys<Key> | undefined
  readonly #work = new SharedWork()
  #attemptedAt = Number.NEGATIVE_INFINITY
  #failures = 0
  #problem: Error | undefined

  constructor(options: {
    load: () => Promise<LoadedKeys<Key>>
    limits: KeySetLimits
    clock: () => number
    onProblem: (problem: Error) => void
  }) {
    this.#load = options.load
    this.#limits = options.limits
    this.#clock = options.clock
    this.#onProblem = options.onProblem
  }

  find(
    kid: string,
    coolDownSeconds: number = this.#limits.coolDownSeconds,
  ): Awaitable<VerificationKey<Key> | Outage | undefined> {
    const now = this.#clock()
    const held = this.#held
    if (held !== undefined && isWithin(now, held.fetchedAt, held.freshUntil)) {
      const key = held.keys.get(kid)
      if (key === undefined) return this.#findUnknown(kid, now, coolDownSeconds)
      if (now >= held.renewAt && this.#mayRetry(now)) void this.#renew()
      return key
    }
    // While the issuer is away only the first token waits; the others are served what there is.
    const mustWait = !this.#work.isShared || this.#failures === 0 || !this.#serves(now)
    const renewal = this.#work.running ?? (this.#mayRetry(now) ? this.#renew() : undefined)
    if (!mustWait || renewal === undefined) return this.#lookUp(kid)
    return renewal.then(() => this.#lookUp(kid))
  }

  async load(): Promise<void> {
    if (this.#held !== undefined) return
    await this.#renew()
    if (this.#held === undefined && this.#problem !== undefined) throw this.#problem
  }

  status(): KeySetStatus {
    const held = this.#held
    const problem = this.#problem?.message
    if (held === undefined) return { state: 'none', count: 0, fetchedAt: undefined, problem }
    const isFresh = isWithin(this.#clock(), held.fetchedAt, held.freshUntil)
    const { keys, fetchedAt } = held
    return { state: isFresh ? 'fresh' : 'stale', count: keys.size, fetchedAt, problem }
  }

  /** A key may be newer than the set; whoever makes up ids causes one fetch per cool-down. */
  #findUnknown(
    kid: string,
    now: number,
    coolDownSeconds: number,
  ): Awaitable<VerificationKey<Key> | Outage | undefined> {
    const coolsUntil = this.#attemptedAt + coolDownSeconds * 1000
    const isCooling = isWithin(now, this.#attemptedAt, coolsUntil)
    const renewal = this.#work.running ?? (isCooling ? undefined : this.#renew())
    return renewal === undefined ? this.#lookUp(kid) : renewal.then(() => this.#lookUp(kid))
  }

  #lookUp(kid: string): VerificationKey<Key> | Outage | undefined {
    if (!this.#serves(this.#clock())) return 'keys_unavailable'
    const key = this.#held?.keys.get(kid)
    // Whether this key exists can only the issuer tell, and it cannot be asked.
    return key === undefined && this.#failures > 0 ? 'keys_unavailable' : key
  }

  /** Whether the keys may be used at all. A clock that was set back makes nothing unusable. */
  #serves(now: number): boolean {
    if (this.#held === undefined) return false
    const { fetchedAt, freshUntil } = this.#held
    return now < Math.max(freshUntil, fetchedAt + this.#limits.staleSeconds * 1000)
  }

  /** After a failure less and less often, until it is as often as the cool-down. */
  #mayRetry(now: number): boolean {
    if (this.#failures === 0) return true
    const coolDownMs = this.#limits.coolDownSeconds * 1000
    const waitMs = Math.min(coolDownMs, FIRST_RETRY_MS * 2 ** (this.#failures - 1))
    return !isWithin(now, this.#attemptedAt, this.#attemptedAt + waitMs)
  }

  #renew(): Promise<void> {
    return this.#work.run(() => this.#fetch())
  }

  async #fetch(): Promise<void> {
    this.#attemptedAt = this.#clock()
    try {
      const loaded = await this.#load()
      this.#hold(loaded)
      this.#failures = 0
      this.#problem = undefined
    } catch (error) {
      this.#failures++
      this.#problem = error instanceof Error ? error : new Error(String(error))
      this.#onProblem(this.#problem)
    }
  }

  #hold(loaded: LoadedKeys<Key>): void {
    const { coolDownSeconds, maxAgeSeconds } = this.#limits
    const asked = loaded.maxAgeSeconds ?? DEFAULT_MAX_AGE_SECONDS
    const keptMs = Math.min(Math.max(asked, coolDownSeconds), maxAgeSeconds) * 1000
    // Counted from before the fetch, so that a slow answer does not lengthen a life.
    const fetchedAt = this.#attemptedAt
    const renewAt = fetchedAt + keptMs * (this.#work.isShared ? RENEWAL_SHARE : 1)
    this.#held = { ...loaded, fetchedAt, renewAt, freshUntil: fetchedAt + keptMs }
  }
}

/** Whether the time is in [from, to); false too when the clock was set back before `from`. */
function isWithin(now: number, from: number, to: number): boolean {
  return now >= from && now < to
}
