import type { Cryptography } from '../cryptography/cryptography.ts'
import { discover, type IssuerMetadata } from '../issuer/discover.ts'
import type { Fetch } from '../issuer/fetch-document.ts'
import { FetchedKeySet, type KeySet, type KeySetStatus } from '../issuer/key-set.ts'
import { createKeyLoader } from '../issuer/load-keys.ts'
import { readFeedPage } from '../revocations/feed-page.ts'
import { type FeedStatus, RevocationFeed } from '../revocations/follow-feed.ts'
import { createIntrospect } from '../revocations/introspect.ts'
import { createTokenCheck } from '../tokens/check-token.ts'
import { promising } from '../tokens/promised-check.ts'
import type { Verification } from '../tokens/token-failure.ts'
import { checkCommonOptions, toClaimRules } from './common-options.ts'
import { asKey } from './create-local-verifier.ts'
import { type CheckedOptions, checkOptions, type VerifierOptions } from './verifier-options.ts'

/** Verifies access tokens with the keys, and against the revocations, that their issuer publishes. */
export interface Verifier {
  /**
   * Verifies one token. Whatever is passed in, it answers and does not reject. Claims that it remembers are frozen.
   */
  readonly verify: (token: string) => Promise<Verification>
  /**
   * Loads the keys and catches up with the revocations, so that the first token need not wait.
   *
   * @throws Error that says what cannot be reached; it is tried again with the next token, or by calling again
   */
  ready(): Promise<void>
  /** What is known and how current it is: for a health check. */
  status(): VerifierStatus
  /** Stops following revocations. From then on they grow old, and `onStale` decides. */
  close(): void
}

export interface VerifierStatus {
  readonly keys: KeySetStatus
  /** Only when revocations are followed. */
  readonly revocations?: FeedStatus
}

const METADATA_KEPT_MS = 3_600_000

/** Throws a TypeError that names the mend when an option cannot be right; fetches nothing before it is needed. */
export function createIssuerVerifier<Key>(
  options: VerifierOptions<Key>,
  cryptography: Cryptography<Key>,
): Verifier {
  const common = checkCommonOptions(options)
  const checked = checkOptions(options)
  const metadata = createMetadataSource(options.issuer, checked, common.clock)
  const keys = createKeySet(options, checked, common.clock, cryptography, metadata)
  const feed = createFeed(options, checked, common.clock, cryptography, metadata, keys)
  const check = createTokenCheck({
    ...common,
    cryptography,
    // A token of no session could not be revoked by ending one.
    rules: toClaimRules(options, options.requireSession ?? feed !== undefined),
    findKey: (kid) => keys.find(kid),
    findRevocation: (claims, token) => feed?.judge(claims, token),
  })
  return {
    verify: promising(check),
    ready: async () => {
      await keys.load()
      await feed?.ready()
    },
    status: () => ({ keys: keys.status(), ...(feed && { revocations: feed.status() }) }),
    close: () => feed?.close(),
  }
}

interface MetadataSource {
  read(): Promise<IssuerMetadata>
  /** After an address in it turned out to be wrong. */
  forget(): void
}

function createMetadataSource(
  issuer: string,
  { fetch, timeoutMs }: { fetch: Fetch; timeoutMs: number },
  clock: () => number,
): MetadataSource {
  let known: { metadata: IssuerMetadata; readAt: number } | undefined
  return {
    read: async () => {
      const age = known === undefined ? Number.NaN : clock() - known.readAt
      if (known === undefined || !(age >= 0 && age < METADATA_KEPT_MS)) {
        known = { metadata: await discover(issuer, fetch, timeoutMs), readAt: clock() }
      }
      return known.metadata
    },
    forget: () => {
      known = undefined
    },
  }
}

function createKeySet<Key>(
  { issuer, jwksUri: given, findKey }: VerifierOptions<Key>,
  { fetch, timeoutMs, limits, onProblem }: CheckedOptions,
  clock: () => number,
  cryptography: Cryptography<Key>,
  metadata: MetadataSource,
): KeySet<Key> {
  if (findKey !== undefined) return createGivenKeySet(findKey)
  const load = createKeyLoader(cryptography, fetch, timeoutMs)
  return new FetchedKeySet({
    limits,
    clock,
    onProblem,
    load: async () => {
      const jwksUri = given ?? (await metadata.read()).jwksUri
      if (jwksUri === undefined) {
        metadata.forget()
        throw new Error(`The metadata of ${issuer} names no "jwks_uri": set the option "jwksUri".`)
      }
      try {
        return await load(jwksUri)
      } catch (error) {
        metadata.forget()
        throw error
      }
    },
  })
}

function createGivenKeySet<Key>(
  findKey: NonNullable<VerifierOptions<Key>['findKey']>,
): KeySet<Key> {
  return {
    find: (kid) => asKey(findKey(kid)),
    load: async () => undefined,
    status: () => ({ state: 'given', count: undefined, fetchedAt: undefined, problem: undefined }),
  }
}

function createFeed<Key>(
  { issuer, jwksUri, findKey }: VerifierOptions<Key>,
  checked: CheckedOptions,
  clock: () => number,
  cryptography: Cryptography<Key>,
  metadata: MetadataSource,
  keys: KeySet<Key>,
): RevocationFeed | undefined {
  const { feed, fetch, timeoutMs, onProblem } = checked
  if (feed === undefined) return undefined
  const { authorization } = feed
  const hasMetadata = jwksUri === undefined && findKey === undefined
  const findEndpoint = async (): Promise<string> =>
    feed.introspectionUrl ??
    (hasMetadata ? (await metadata.read()).introspectionEndpoint : undefined) ??
    new URL('introspect', feed.url).href
  const parts = { issuer, keys, cryptography, clock }
  return new RevocationFeed({
    ...feed,
    introspect: createIntrospect({ findEndpoint, authorization, fetch, timeoutMs, onProblem }),
    readPage: (text) => readFeedPage(text, parts),
    fetch,
    timeoutMs,
    clock,
    onProblem,
  })
}
