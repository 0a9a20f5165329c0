// Revocations: which tokens are dead before they expire, as the issuer's feed tells (docs/revocation-feed.md). This
// folder owns the copy in memory, how it is kept current, and what is done when it is not.

import type { Awaitable } from '../cryptography/cryptography.ts'
import { type Fetch, fetchDocument, openDocument } from '../issuer/fetch-document.ts'
import { SharedWork } from '../issuer/shared-work.ts'
import type { AccessClaims } from '../tokens/claims.ts'
import type { Outage } from '../tokens/token-failure.ts'
import { createEventStreamReader } from './event-stream.ts'
import { type FeedPage, MAX_PAGE_LENGTH, type PageFailure } from './feed-page.ts'
import { HeldRevocations } from './held-revocations.ts'
import type { Introspect } from './introspect.ts'

/**
 * What becomes of a token when the revocations are older than the bound:
 * `refuse` answers `revocations_unavailable`, `introspect` asks the issuer about every token, `accept-until-expiry`
 * goes by what was known last.
 */
export type OnStale = 'refuse' | 'introspect' | 'accept-until-expiry'

export interface FeedStatus {
  /** `starting`: not complete yet. `stale`: older than the bound, so that `onStale` decides. */
  readonly state: 'starting' | 'current' | 'stale'
  /** How many revocations are held. */
  readonly entries: number
  /** The issuer's time up to which they are complete, milliseconds since 1970. */
  readonly completeUntil: number | undefined
  /** Why the feed cannot be followed, if so. */
  readonly problem: string | undefined
}

export interface FeedOptions {
  url: string
  authorization: string
  follow: 'stream' | 'poll'
  pollSeconds: number
  staleAfterSeconds: number
  onStale: OnStale
  introspect: Introspect
  readPage: (text: string) => Promise<FeedPage | PageFailure>
  fetch: Fetch
  timeoutMs: number
  clock: () => number
  onProblem: (problem: Error) => void
}

const PAGE_TYPE = 'application/countersign-revocations+jwt'
const PRUNE_EVERY_MS = 60_000
const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 10_000
/** A stream that says nothing for so many heartbeats is dead, whatever TCP believes. */
const SILENT_HEARTBEATS = 3
const DEFAULT_HEARTBEAT_SECONDS = 5
/** The first page begins at the beginning, and one more when the issuer does not understand the cursor any more. */
const MOST_BEGINNINGS = 2
/** An entry is kept for two minutes longer than any token lives that it concerns. */
const CLOCK_SLACK_MS = 60_000
/** As for tokens and pages: how far the issuer's clock may run ahead. */
const MAX_AHEAD_MS = 5_000

/** Follows the feed of one issuer. */
export class RevocationFeed {
  readonly #options: FeedOptions
  readonly #held = new HeldRevocations()
  readonly #closing = new AbortController()
  #cursor: string | undefined
  #etag: string | undefined
  #heartbeatMs = DEFAULT_HEARTBEAT_SECONDS * 1000
  /** The issuer's time up to which nothing is missing. */
  #completeUntil = Number.NEGATIVE_INFINITY
  #prunedAt = Number.NEGATIVE_INFINITY
  /** What would be over by then by our clock is not held any more. */
  #forgottenUntil = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  #failures = 0
  #problem: Error | undefined
  /** How often it was tried to become complete. */
  #attempts = 0
  readonly #work = new SharedWork()

  constructor(options: FeedOptions) {
    this.#options = options
    if (options.follow === 'stream') void this.#followStream()
  }

  /** Whether a token is revoked, or cannot be told to be good. */
  judge(claims: AccessClaims, token: string): Awaitable<'revoked' | Outage | undefined> {
    if (this.#held.isRevoked(claims)) return 'revoked'
    if (this.#hasForgottenTooMuch()) {
      return this.#beginAnew().then(() => this.#judgeKnown(claims, token))
    }
    const asked = this.#attempts === 0 ? this.#catchUp() : this.#askIfDue()
    if (asked === undefined) return this.#judgeUnrevoked(token)
    return asked.then(() => this.#judgeKnown(claims, token))
  }

  /** Waits until the revocations are complete. @throws Error that says why they are not */
  async ready(): Promise<void> {
    if (this.#isStale()) await this.#catchUp()
    if (this.#isStale()) throw this.#problem ?? new Error('The revocation feed is stale.')
  }

  status(): FeedStatus {
    const state = this.#isStale() ? (this.#attempts === 0 ? 'starting' : 'stale') : 'current'
    const isComplete = Number.isFinite(this.#completeUntil)
    return {
      state,
      entries: this.#held.size,
      completeUntil: isComplete ? this.#completeUntil : undefined,
      problem: this.#problem?.message,
    }
  }

  close(): void {
    this.#closing.abort()
  }

  #judgeKnown(claims: AccessClaims, token: string): Awaitable<'revoked' | Outage | undefined> {
    return this.#held.isRevoked(claims) ? 'revoked' : this.#judgeUnrevoked(token)
  }

  #judgeUnrevoked(token: string): Awaitable<'revoked' | Outage | undefined> {
    if (!this.#isStale()) return undefined
    switch (this.#options.onStale) {
      case 'refuse':
        return 'revocations_unavailable'
      case 'introspect':
        return this.#options.introspect(token)
      case 'accept-until-expiry':
        return undefined
      default:
        return 'revocations_unavailable'
    }
  }

  /** Also when the last page is of the future: the clock was set back, and how old it is nobody knows. */
  #isStale(): boolean {
    const age = this.#options.clock() - this.#completeUntil
    return !(age <= this.#options.staleAfterSeconds * 1000 && age >= -MAX_AHEAD_MS)
  }

  /** When a clock that ran ahead was set back, tokens live again of which the revocations are gone. */
  #hasForgottenTooMuch(): boolean {
    return this.#options.clock() < this.#forgottenUntil - CLOCK_SLACK_MS
  }

  async #beginAnew(): Promise<void> {
    // What is being read goes on from a cursor that is worth nothing now.
    await this.#work.running
    if (this.#hasForgottenTooMuch()) {
      this.#forgottenUntil = Number.NEGATIVE_INFINITY
      this.#completeUntil = Number.NEGATIVE_INFINITY
      this.#cursor = undefined
      this.#etag = undefined
    }
    await this.#catchUp()
  }

  /** In polling, a token that comes when the last answer has grown old waits for the next. */
  #askIfDue(): Promise<void> | undefined {
    const { clock, pollSeconds, follow } = this.#options
    if (follow !== 'poll') return undefined
    const age = clock() - this.#askedAt
    const isAway = this.#failures > 0
    const waitMs = Math.max(pollSeconds * 1000, isAway ? retryMs(this.#failures) : 0)
    const isDue = !(age >= 0 && age < waitMs)
    const asked = isDue ? this.#catchUp() : this.#work.running
    // While the issuer is away nobody waits for it, where it can be asked in the background.
    return isAway && this.#work.isShared ? undefined : asked
  }

  /** Reads pages until there are no more. Never rejects. */
  #catchUp(): Promise<void> {
    return this.#work.run(() => this.#readPages())
  }

  async #readPages(): Promise<void> {
    this.#askedAt = this.#options.clock()
    try {
      let beginnings = 0
      for (let more = true; more; ) {
        const page = await this.#readNextPage()
        if (page?.from === null) beginnings++
        // A relay that keeps old pages could keep us reading for ever, and tokens waiting.
        if (beginnings > MOST_BEGINNINGS) throw new Error('The feed begins again and again')
        more = page?.more ?? false
      }
      this.#succeed()
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#attempts++
    }
  }

  /** Undefined when nothing has happened since the last one. */
  async #readNextPage(): Promise<FeedPage | undefined> {
    const { url, authorization, fetch, timeoutMs } = this.#options
    const from = this.#cursor
    const { status, headers, bytes } = await fetchDocument(fetch, {
      url: withCursor(url, from),
      name: 'revocation feed',
      headers: {
        accept: PAGE_TYPE,
        authorization,
        ...(this.#etag !== undefined && { 'if-none-match': this.#etag }),
      },
      statuses: [200, 304],
      maxBytes: MAX_PAGE_LENGTH,
      timeoutMs,
      signal: this.#closing.signal,
    })
    if (status === 304) return undefined
    const page = await this.#takePage(new TextDecoder().decode(bytes), from)
    // The tag belongs to what was asked for, which is another thing once the cursor has moved.
    this.#etag = page.cursor === from ? (headers.get('etag') ?? undefined) : undefined
    return page
  }

  async #followStream(): Promise<void> {
    await this.#catchUp()
    let breaks = 0
    const onPage = (): void => {
      breaks = 0
    }
    while (!this.#closing.signal.aborted) {
      try {
        await this.#readStream(onPage)
      } catch (error) {
        breaks++
        this.#fail(error)
      }
      await this.#pause(retryMs(breaks))
      // Also what keeps the revocations current where no stream gets through.
      if (!this.#closing.signal.aborted) await this.#catchUp()
    }
  }

  /** Reads events until the stream breaks off, which it always does with an error. */
  async #readStream(onPage: () => void): Promise<never> {
    const { url, authorization, fetch, timeoutMs } = this.#options
    const silence = new AbortController()
    let timer = setTimeout(() => silence.abort(), timeoutMs)
    try {
      const response = await openDocument(
        fetch,
        {
          url,
          headers: {
            accept: 'text/event-stream',
            authorization,
            ...(this.#cursor !== undefined && { 'last-event-id': this.#cursor }),
          },
          signal: this.#closing.signal,
        },
        silence.signal,
      )
      if (response.status !== 200 || response.body === null) {
        throw new Error(`answered ${response.status}`)
      }
      const events = createEventStreamReader(MAX_PAGE_LENGTH)
      for await (const chunk of response.body) {
        for (const text of events.read(chunk)) {
          await this.#takePage(text, this.#cursor)
          onPage()
          // Only a page proves that the issuer is there; a relay can send anything else for ever.
          clearTimeout(timer)
          timer = setTimeout(() => silence.abort(), SILENT_HEARTBEATS * this.#heartbeatMs)
        }
      }
      throw new Error('it ended')
    } catch (cause) {
      const why = silence.signal.aborted ? 'it fell silent' : messageOf(cause)
      throw new Error(`The stream of revocations broke off: ${why}.`, { cause })
    } finally {
      clearTimeout(timer)
      silence.abort()
    }
  }

  /** @param from the cursor that the page has to go on from */
  async #takePage(text: string, from: string | undefined): Promise<FeedPage> {
    const forgottenUntil = this.#forgottenUntil
    const page = await this.#options.readPage(text)
    if (typeof page === 'string') throw new Error(`A page of the feed was refused: ${page}`)
    if (this.#forgottenUntil < forgottenUntil) throw new Error('The feed is read anew')
    const isStuck = page.more && page.cursor === from
    if (isStuck || (page.from !== null && page.from !== from)) {
      // What lies between is unknown, so the next page has to be the first.
      this.#cursor = undefined
      throw new Error('A page of the feed does not go on from the last one')
    }
    for (const entry of page.entries) this.#held.note(entry, page.keepSeconds)
    this.#cursor = page.cursor
    this.#heartbeatMs = page.heartbeatSeconds * 1000
    if (!page.more) this.#complete(page.iat * 1000)
    this.#pruneIfDue(this.#options.clock())
    return page
  }

  /** An older page is no news, unless the time that is known has not come yet: then it is worth nothing. */
  #complete(until: number): void {
    const isOfTheFuture = this.#completeUntil > this.#options.clock() + MAX_AHEAD_MS
    if (until > this.#completeUntil || isOfTheFuture) this.#completeUntil = until
  }

  #pruneIfDue(now: number): void {
    if (now >= this.#prunedAt && now < this.#prunedAt + PRUNE_EVERY_MS) return
    this.#prunedAt = now
    if (this.#held.prune(now)) this.#forgottenUntil = Math.max(this.#forgottenUntil, now)
  }

  #succeed(): void {
    this.#failures = 0
    this.#problem = undefined
  }

  #fail(error: unknown): void {
    if (this.#closing.signal.aborted) return
    this.#failures++
    this.#problem = error instanceof Error ? error : new Error(String(error))
    this.#options.onProblem(this.#problem)
  }

  /** Ends early when the feed is closed. */
  async #pause(ms: number): Promise<void> {
    const { signal } = this.#closing
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      signal.addEventListener('abort', end)
    })
  }
}

function retryMs(failures: number): number {
  const most = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, failures - 1))
  // Spread, so that an issuer that comes back is not met by all its consumers at once.
  return most * (0.5 + Math.random() / 2)
}

function withCursor(url: string, cursor: string | undefined): string {
  if (cursor === undefined) return url
  const address = new URL(url)
  address.searchParams.set('cursor', cursor)
  return address.href
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
