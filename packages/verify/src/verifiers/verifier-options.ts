import type { KeyLookup } from '../cryptography/keys.ts'
import type { Fetch } from '../issuer/fetch-document.ts'
import type { KeySetLimits } from '../issuer/key-set.ts'
import { parseSecureUrl } from '../issuer/secure-url.ts'
import { runsBetweenRequests } from '../issuer/shared-work.ts'
import type { FeedOptions, OnStale } from '../revocations/follow-feed.ts'
import { basicAuthorization, type ServiceCredential } from '../revocations/service-credential.ts'
import type { CommonOptions } from './common-options.ts'

/** How revocations are followed. */
export interface RevocationOptions {
  /** What this service proves itself with to the issuer: `countersign services add <name>` makes one. */
  credential: ServiceCredential
  /**
   * What becomes of a token when the revocations are older than `staleAfterSeconds`: `refuse` answers
   * `revocations_unavailable` (503 at the doors), `introspect` asks the issuer about every token, and
   * `accept-until-expiry` goes by what was known last. There is no default: each is wrong for somebody.
   */
  onStale: OnStale
  /** How old the revocations may be; default 30. */
  staleAfterSeconds?: number
  /**
   * `stream` holds a connection on which revocations arrive at once. `poll` asks when a token comes and the last answer
   * is older than `pollSeconds`, which needs nothing to run in between. Default `stream`, on Cloudflare's Workers `poll`:
   * there nothing runs between requests, and `stream` is refused.
   */
  follow?: 'stream' | 'poll'
  /** Default 1. */
  pollSeconds?: number
  /** Where the feed is; default `<issuer>/api/auth/revocations`. */
  url?: string
  /** Where tokens are introspected; default the metadata's, else `<issuer>/api/auth/introspect`. */
  introspectionUrl?: string
}

/** What {@link createVerifier} holds tokens against, and where it finds what it needs. */
export interface VerifierOptions<Key> extends CommonOptions {
  /** Where the key set is; default what the issuer's metadata says (RFC 8414). */
  jwksUri?: string
  /** Keys that are at hand, such as an HS256 secret, in place of the issuer's key set. */
  findKey?: KeyLookup<Key>
  /** Follows the issuer's revocations; without it a token is good until it expires. */
  revocations?: RevocationOptions
  /** The least time between two fetches of the key set that unknown `kid`s cause; default 30. */
  keyCoolDownSeconds?: number
  /** The longest time that keys are kept without asking again, whatever their `max-age`; default 3600. */
  maxKeyAgeSeconds?: number
  /** How old keys may be that are served while the issuer cannot be reached; default 3600. */
  staleKeysSeconds?: number
  /** How long the issuer may take for one answer; default 5000. */
  timeoutMs?: number
  /** Default the runtime's. */
  fetch?: Fetch
  /** Told of everything that goes wrong on the way to the issuer; default nobody. */
  onProblem?: (problem: Error) => void
}

/** The options in effect. */
export interface CheckedOptions {
  limits: KeySetLimits
  timeoutMs: number
  fetch: Fetch
  onProblem: (problem: Error) => void
  feed:
    | (Pick<FeedOptions, 'url' | 'authorization' | 'onStale'> &
        Pick<FeedOptions, 'follow' | 'pollSeconds' | 'staleAfterSeconds'> & {
          introspectionUrl: string | undefined
        })
    | undefined
}

/** Throws a TypeError that names the mend when an option cannot be right. */
export function checkOptions<Key>(options: VerifierOptions<Key>): CheckedOptions {
  const { issuer, jwksUri, findKey, revocations } = options
  if (findKey !== undefined && typeof findKey !== 'function') {
    throw new TypeError('Set "findKey" to a look-up of keys, or leave it out.')
  }
  const needsIssuerUrl = jwksUri === undefined && findKey === undefined
  if (needsIssuerUrl && !isIssuerUrl(issuer)) {
    throw new TypeError(
      'Set "issuer" to an https address without query, so that its metadata can be found, or set "jwksUri".',
    )
  }
  if (jwksUri !== undefined) checkUrl(jwksUri, 'jwksUri')
  const { fetch = globalThis.fetch, onProblem = () => undefined } = options
  if (typeof fetch !== 'function') {
    throw new TypeError('Set "fetch" to a function like the platform\'s own.')
  }
  if (typeof onProblem !== 'function') {
    throw new TypeError('Set "onProblem" to a function that takes an Error, or leave it out.')
  }
  return {
    limits: {
      coolDownSeconds: readDuration(options.keyCoolDownSeconds, 30, 'keyCoolDownSeconds'),
      maxAgeSeconds: readDuration(options.maxKeyAgeSeconds, 3600, 'maxKeyAgeSeconds'),
      staleSeconds: readDuration(options.staleKeysSeconds, 3600, 'staleKeysSeconds'),
    },
    timeoutMs: readDuration(options.timeoutMs, 5000, 'timeoutMs'),
    // Called through the global object, as some runtimes demand.
    fetch: (url, init) => fetch(url, init),
    onProblem: (problem) => {
      try {
        onProblem(problem)
      } catch {
        // A log that fails must not decide about tokens, and there is nobody left to tell.
      }
    },
    feed: revocations && checkRevocations(revocations, issuer),
  }
}

const ON_STALE: readonly OnStale[] = ['refuse', 'introspect', 'accept-until-expiry']

function checkRevocations(
  revocations: RevocationOptions,
  issuer: string,
): NonNullable<CheckedOptions['feed']> {
  const canStream = runsBetweenRequests()
  const { credential, onStale, introspectionUrl } = revocations
  const follow = revocations.follow ?? (canStream ? 'stream' : 'poll')
  if (!ON_STALE.includes(onStale)) {
    throw new TypeError(`Set "revocations.onStale" to one of ${ON_STALE.join(', ')}.`)
  }
  if (!isText(credential?.id) || !isText(credential?.secret)) {
    throw new TypeError('Set "revocations.credential" to the id and secret of this service.')
  }
  if (follow !== 'stream' && follow !== 'poll') {
    throw new TypeError('Set "revocations.follow" to stream or poll.')
  }
  if (follow === 'stream' && !canStream) {
    throw new TypeError(
      'Set "revocations.follow" to poll, or leave it out: on Workers no stream outlives a request.',
    )
  }
  if (introspectionUrl !== undefined) checkUrl(introspectionUrl, 'revocations.introspectionUrl')
  const url = revocations.url ?? `${issuer.replace(/\/$/, '')}/api/auth/revocations`
  checkUrl(url, 'revocations.url')
  return {
    url,
    introspectionUrl,
    authorization: basicAuthorization(credential),
    onStale,
    follow,
    pollSeconds: readDuration(revocations.pollSeconds, 1, 'revocations.pollSeconds'),
    staleAfterSeconds: readDuration(
      revocations.staleAfterSeconds,
      30,
      'revocations.staleAfterSeconds',
    ),
  }
}

function isIssuerUrl(issuer: string): boolean {
  const url = parseSecureUrl(issuer)
  return url !== undefined && url.search === ''
}

function checkUrl(text: string, option: string): void {
  if (parseSecureUrl(text) !== undefined) return
  throw new TypeError(
    `Set "${option}" to an https address (http only on this machine), without credentials or fragment.`,
  )
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function readDuration(value: number | undefined, byDefault: number, option: string): number {
  const duration = value ?? byDefault
  if (Number.isFinite(duration) && duration > 0) return duration
  throw new TypeError(`Set "${option}" to a number greater than 0, or leave it out.`)
}
