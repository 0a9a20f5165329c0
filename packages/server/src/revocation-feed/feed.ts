// Revocation feed: what services that verify tokens by themselves are told. This folder owns the pages, how they follow
// each other, and the stream; docs/revocation-feed.md is the contract. What is revoked it reads from revocation/.

import type { Clock } from '../foundation/clock.ts'
import type { RevocationFollower } from '../revocation/follow-revocations.ts'
import { keyOf, type LiveRevocations } from '../revocation/live-revocations.ts'
import type { Revocation } from '../revocation/store.ts'
import { type Cursor, isAfter, readCursor, writeCursor } from './cursor.ts'

/** What a page says, not signed yet. */
export interface FeedPage {
  readonly iat: number
  readonly from: string | null
  readonly cursor: string
  readonly more: boolean
  readonly keep: number
  readonly heartbeat: number
  readonly entries: readonly FeedEntry[]
}

export type FeedEntry =
  | { readonly session: string; readonly at: number }
  | { readonly subject: string; readonly epoch: number; readonly at: number }

export interface SignedPage extends Omit<FeedPage, 'iat' | 'from' | 'entries'> {
  /** The compact JWS. */
  readonly text: string
  readonly entries: readonly FeedEntry[]
}

export interface RevocationFeed {
  /** The page that goes on from this cursor; from the beginning with undefined, or one that is not understood. */
  pageFrom(cursor: string | undefined): SignedPage
  /** Calls the listener when there is something new to tell. @returns what stops it */
  onNews(listener: () => void): () => void
}

export interface FeedParts {
  readonly revocations: LiveRevocations
  readonly follower: Pick<RevocationFollower, 'completeUntil'>
  readonly sign: (page: FeedPage) => string
  readonly clock: Clock
}

export const heartbeatSeconds = 5
const entriesPerPage = 10_000
// A commit may become visible a little after the time that it carries.
const overlapMs = 10_000
const keptPages = 256

/** Pages are made once for all who stand at the same cursor, and again when there is news or a heartbeat has passed. */
export function createRevocationFeed(parts: FeedParts): RevocationFeed {
  const { revocations, clock, sign } = parts
  const made = new Map<string, { readonly page: SignedPage; readonly at: number }>()
  revocations.onNews(() => made.clear())
  return {
    onNews: (listener) => revocations.onNews(listener),
    pageFrom: (cursor) => {
      const key = cursor ?? ''
      const now = clock()
      const known = made.get(key)
      if (known && now >= known.at && now - known.at < heartbeatSeconds * 1000) return known.page
      const page = makePage(parts, cursor)
      const { iat: _iat, from: _from, ...rest } = page
      const signed = { ...rest, text: sign(page) }
      if (made.size >= keptPages) made.clear()
      made.set(key, { page: signed, at: now })
      return signed
    },
  }
}

function makePage({ revocations, follower, clock }: FeedParts, text: string | undefined): FeedPage {
  // Before the first reading nothing is complete, and a page of that age is stale wherever it arrives.
  const completeUntil = follower.completeUntil() ?? 0
  const now = clock()
  const cursor =
    text === undefined ? undefined : readUsable(text, now - revocations.retentionMs, now)
  const since = cursor?.rest?.since ?? (cursor ? cursor.until - overlapMs : 0)
  const all = revocations.since(since)
  const { rest } = cursor ?? {}
  const waiting = rest === undefined ? all : all.filter((one) => isAfter(one, rest))
  const sent = waiting.slice(0, entriesPerPage)
  const more = waiting.length > sent.length
  return {
    iat: completeUntil / 1000,
    from: cursor === undefined ? null : (text ?? null),
    cursor: writeCursor(nextCursor(cursor, since, sent.at(-1), more, completeUntil)),
    more,
    keep: revocations.retentionMs / 1000,
    heartbeat: heartbeatSeconds,
    entries: sent.map(toEntry),
  }
}

/**
 * A cursor older than what is kept begins anew: something it has not heard of may be forgotten here. So does one of the
 * future, from before a clock was set back: what is revoked until that time comes would look as if it had been told.
 */
function readUsable(text: string, oldest: number, now: number): Cursor | undefined {
  const cursor = readCursor(text)
  const isUsable = cursor && cursor.until >= oldest && cursor.until <= now + overlapMs
  return isUsable ? cursor : undefined
}

function nextCursor(
  cursor: Cursor | undefined,
  since: number,
  last: Revocation | undefined,
  more: boolean,
  completeUntil: number,
): Cursor {
  // The list is complete as of when it began, and goes on from there.
  const until = cursor?.rest ? cursor.until : completeUntil
  if (more && last) return { until, rest: { since, at: last.at, key: keyOf(last) } }
  // Nothing new: whoever asks again asks for the same page.
  if (last === undefined && cursor && cursor.rest === undefined) return cursor
  return { until }
}

function toEntry(revocation: Revocation): FeedEntry {
  const at = revocation.at / 1000
  return revocation.kind === 'session'
    ? { session: revocation.sessionId, at }
    : { subject: revocation.subject, epoch: asEpoch(revocation.epoch), at }
}

// A deleted account has no epoch that a token could reach; on the wire it is the largest number that every reader has.
function asEpoch(epoch: number): number {
  return Math.min(epoch, Number.MAX_SAFE_INTEGER)
}
