import type { Cryptography } from '../cryptography/cryptography.ts'
import type { VerificationKey } from '../cryptography/keys.ts'
import { isJsonObject, type JsonObject, parseJsonObject } from '../encoding/json-object.ts'
import { checkSignature, openToken, type TokenKind } from '../tokens/open-token.ts'
import type { Outage, TokenFailure } from '../tokens/token-failure.ts'
import type { KeySet } from '../issuer/key-set.ts'

/** One revocation: a session that ended, or an account whose tokens below an epoch are dead. */
export type FeedEntry =
  | { readonly session: string; readonly at: number }
  | { readonly subject: string; readonly epoch: number; readonly at: number }

/** What one signed page of the feed says; docs/revocation-feed.md is the format. */
export interface FeedPage {
  /** When it was signed, Unix time in seconds. */
  readonly iat: number
  /** The cursor that it goes on from; null when it starts with everything that is still live. */
  readonly from: string | null
  /** Where the next page goes on. */
  readonly cursor: string
  /** Whether there is a next page already. */
  readonly more: boolean
  /** How long after its `at` an entry still concerns a token. */
  readonly keepSeconds: number
  /** At least how often a stream says something. */
  readonly heartbeatSeconds: number
  readonly entries: readonly FeedEntry[]
}

/** Why a page was refused. */
export type PageFailure = TokenFailure | Outage | 'invalid_page'

/** What pages are held against. */
export interface FeedPageParts<Key> {
  issuer: string
  keys: Pick<KeySet<Key>, 'find'>
  cryptography: Pick<Cryptography<Key>, 'isFit' | 'isSignatureValid'>
  clock: () => number
}

/** In characters. */
export const MAX_PAGE_LENGTH: number = 8 * 2 ** 20

const FEED_PAGE: TokenKind = {
  types: new Set(['countersign-revocations+jwt', 'application/countersign-revocations+jwt']),
  maxLength: MAX_PAGE_LENGTH,
}
const MAX_CURSOR_LENGTH = 512
/**
 * A page comes from the configured address and not from whoever calls. When a leaked key was replaced, its tokens should
 * not live on for the longer time that strangers have to wait.
 */
const KEY_COOL_DOWN_SECONDS = 5
/** As for tokens: how far the issuer's clock may run ahead. */
const MAX_SECONDS_AHEAD = 5

/** Verifies one page as strictly as a token: it decides over tokens. */
export async function readFeedPage<Key>(
  text: string,
  { issuer, keys, cryptography, clock }: FeedPageParts<Key>,
): Promise<FeedPage | PageFailure> {
  const opened = openToken(text, FEED_PAGE)
  if (typeof opened === 'string') return opened
  const key: VerificationKey<Key> | Outage | undefined = await keys.find(
    opened.kid,
    KEY_COOL_DOWN_SECONDS,
  )
  if (typeof key === 'string') return key
  const failure = await checkSignature(opened, key, cryptography)
  if (failure !== undefined) return failure

  const payload = parseJsonObject(opened.payload)
  if (payload === undefined) return 'invalid_json'
  if (payload['iss'] !== issuer) return 'wrong_issuer'
  const page = toFeedPage(payload)
  if (page === undefined) return 'invalid_page'
  return page.iat <= clock() / 1000 + MAX_SECONDS_AHEAD ? page : 'not_yet_valid'
}

function toFeedPage(payload: JsonObject): FeedPage | undefined {
  const { iat, from, cursor, more, keep, heartbeat, entries } = payload
  const isWhole =
    isTime(iat) &&
    (from === null || isCursor(from)) &&
    isCursor(cursor) &&
    typeof more === 'boolean' &&
    isDuration(keep) &&
    isDuration(heartbeat) &&
    Array.isArray(entries)
  // An entry that cannot be read may be the one that matters, so the page counts as a whole or not at all.
  if (!isWhole || !entries.every(isFeedEntry)) return undefined
  return { iat, from, cursor, more, keepSeconds: keep, heartbeatSeconds: heartbeat, entries }
}

function isFeedEntry(entry: unknown): entry is FeedEntry {
  if (!isJsonObject(entry) || !isTime(entry['at'])) return false
  const { session, subject, epoch } = entry
  if (session !== undefined) return isName(session) && subject === undefined
  return isName(subject) && Number.isSafeInteger(epoch) && Number(epoch) >= 0
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isCursor(value: unknown): value is string {
  return isName(value) && value.length <= MAX_CURSOR_LENGTH && /^[\w.~-]+$/.test(value)
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isDuration(value: unknown): value is number {
  return isTime(value) && value > 0
}
