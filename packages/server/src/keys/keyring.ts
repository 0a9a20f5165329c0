// Keys: what access tokens are signed with. This folder owns the signing keys, how they follow each other, and that
// their private parts are kept encrypted. It does not issue tokens (tokens/) or publish the set over HTTP (discovery/).

import { setTimeout as sleep } from 'node:timers/promises'
import { createHmac, createSecretKey } from 'node:crypto'
import type { Algorithm, VerificationKey } from '@countersign/verify'
import type { JWK } from 'jose'
import { maxAccessTokenTtlSeconds } from '../config/settings.ts'
import type { Clock } from '../foundation/clock.ts'
import type { MasterSecrets } from '../foundation/master-secret.ts'
import type { Randomness } from '../foundation/randomness.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import {
  type KeyringContent,
  type ReadKeyring,
  readKeyringDocument,
  writeKeyringDocument,
} from './keyring-document.ts'
import { activeKey, planRotation } from './plan-rotation.ts'
import { generateKey, type PairAlgorithm, type SigningKey, toPublishedJwk } from './signing-key.ts'
import { RotationRefusedError } from './rotation-refused-error.ts'
import type { KeyStore } from './store.ts'

export interface KeyInfo {
  readonly kid: string
  readonly algorithm: Algorithm
  readonly state: 'next' | 'active' | 'retired'
  readonly createdAt: number
  readonly activatesAt: number
  readonly removesAt: number | null
}

export interface PublishedKeySet {
  readonly body: { readonly keys: readonly JWK[] }
  readonly maxAgeSeconds: number
}

export interface Keyring {
  /** The key that signs now. Costs nothing: it is decided by the clock. */
  signingKey(): SigningKey
  /** Any key whose tokens may still be about. */
  findKey(kid: string): VerificationKey | undefined
  jwks(): PublishedKeySet
  list(): readonly KeyInfo[]
  /** The longest life of any access token that may still be about. */
  longestTokenTtlSeconds(): number
  /**
   * Takes over what other processes changed, and does what is due. Called at start and every minute.
   * @returns whether this process made a key
   */
  maintain(): Promise<boolean>
  /** Takes over what other processes changed. Called every second, and when one of them says that it changed something. */
  follow(): Promise<void>
  /**
   * Looks whether another instance has made this key meanwhile. It looks at most ten times a second, whatever callers name:
   * who comes in between waits for the next time.
   * @returns whether it is known now
   */
  lookUp(kid: string): Promise<boolean>
  /**
   * Makes the next key before its time. With `now`, for a key that leaked: the new one signs at once and every other is
   * removed at once, so all tokens signed before are dead and clients refresh.
   * @throws RotationRefusedError when JWT_SECRET is the key
   */
  rotate(options: { readonly now: boolean }): Promise<readonly KeyInfo[]>
}

export interface KeyringOptions {
  readonly store: KeyStore
  readonly secrets: MasterSecrets
  readonly algorithm: Algorithm
  readonly jwtSecret: string | undefined
  readonly accessTokenTtlSeconds: number
  readonly rotationSeconds: number
  readonly clock: Clock
  readonly randomness: Randomness
  /** Called after each change of ours. */
  readonly onChange?: () => void
}

/** How long verifiers may keep the key set. */
export const keySetMaxAgeSeconds = 300
// Twice that, so that a cache which refetches late still has a key before it signs.
const publicationLeadMs = 2 * keySetMaxAgeSeconds * 1000
const swapAttempts = 5
const lookEveryMs = 100

export async function openKeyring(options: KeyringOptions): Promise<Keyring> {
  if (options.jwtSecret !== undefined) return createSharedSecretKeyring(options.jwtSecret)
  const keyring = new StoredKeyring(options, options.algorithm as PairAlgorithm)
  await keyring.maintain()
  return keyring
}

class StoredKeyring implements Keyring {
  readonly #options: KeyringOptions
  readonly #algorithm: PairAlgorithm
  #version = 0
  /** How often something was taken over. */
  #taken = 0
  #content: ReadKeyring = { keys: [], longestTokenTtlSeconds: 0, needsReseal: false }
  #byKid = new Map<string, SigningKey & VerificationKey>()
  #nextLook = Number.NEGATIVE_INFINITY
  #upcomingLook: Promise<void> | undefined

  constructor(options: KeyringOptions, algorithm: PairAlgorithm) {
    this.#options = options
    this.#algorithm = algorithm
  }

  signingKey(): SigningKey {
    const active = activeKey(this.#content.keys, this.#options.clock())
    if (active === undefined) throw new Error('The keyring holds no active key')
    return active
  }

  findKey(kid: string): VerificationKey | undefined {
    return this.#byKid.get(kid)
  }

  jwks(): PublishedKeySet {
    return {
      body: { keys: this.#content.keys.map(toPublishedJwk) },
      maxAgeSeconds: keySetMaxAgeSeconds,
    }
  }

  list(): readonly KeyInfo[] {
    const now = this.#options.clock()
    const active = activeKey(this.#content.keys, now)
    return this.#content.keys.map(({ kid, algorithm, createdAt, activatesAt, removesAt }) => {
      const isNext = removesAt === null && activatesAt > now
      const state = kid === active?.kid ? 'active' : isNext ? 'next' : 'retired'
      return { kid, algorithm, state, createdAt, activatesAt, removesAt }
    })
  }

  longestTokenTtlSeconds(): number {
    return this.#content.longestTokenTtlSeconds
  }

  maintain(): Promise<boolean> {
    return this.#change((content) => {
      const plan = planRotation(content, this.#schedule(), this.#options.clock())
      return plan.isChanged || content.needsReseal ? plan : undefined
    })
  }

  follow(): Promise<void> {
    return this.#load()
  }

  async lookUp(kid: string): Promise<boolean> {
    if (!this.#byKid.has(kid)) await this.#look()
    return this.#byKid.has(kid)
  }

  /** Who asks shares a look with the others that wait for it; one that has begun may have read before the key was made. */
  #look(): Promise<void> {
    const look = async (): Promise<void> => {
      await sleep(Math.max(0, this.#nextLook - performance.now()))
      this.#upcomingLook = undefined
      this.#nextLook = performance.now() + lookEveryMs
      await this.#load()
    }
    this.#upcomingLook ??= look()
    return this.#upcomingLook
  }

  async rotate({ now: isEmergency }: { readonly now: boolean }): Promise<readonly KeyInfo[]> {
    await this.#change((content) => {
      const now = this.#options.clock()
      const plan = planRotation(content, this.#schedule(), now)
      if (isEmergency) return { ...plan, keep: [], make: { activatesAt: now } }
      return { ...plan, make: plan.make ?? { activatesAt: now + publicationLeadMs } }
    })
    return this.list()
  }

  #schedule() {
    const { accessTokenTtlSeconds, rotationSeconds } = this.#options
    const rotationMs = rotationSeconds * 1000
    return {
      algorithm: this.#algorithm,
      accessTokenTtlSeconds,
      rotationMs,
      leadMs: publicationLeadMs,
    }
  }

  /**
   * One compare-and-swap; when another process was faster, what is due is decided anew from what it left.
   * @returns whether a key was made
   */
  async #change(
    decide: (
      content: ReadKeyring,
    ) => (KeyringContentPlan & { make: { activatesAt: number } | undefined }) | undefined,
  ): Promise<boolean> {
    const { store, secrets, randomness, clock } = this.#options
    for (let attempt = 0; attempt < swapAttempts; attempt++) {
      await this.#load()
      // While a key is made others may load what is newer: this plan stands or falls with what it was made from.
      const seen = this.#version
      const plan = decide(this.#content)
      if (plan === undefined) return false
      const made = plan.make && (await this.#makeKey(plan.make.activatesAt, clock()))
      const content: KeyringContent = {
        keys: made ? [...plan.keep, made] : plan.keep,
        longestTokenTtlSeconds: plan.longestTokenTtlSeconds,
      }
      const document = writeKeyringDocument(content, secrets, randomness)
      if (await store.replaceKeyring(seen, document)) {
        if (this.#version === seen) this.#take({ ...content, needsReseal: false }, seen + 1)
        this.#options.onChange?.()
        // The new key may retire the old one at once.
        if (made && made.activatesAt <= clock()) await this.maintain()
        return made !== undefined
      }
    }
    throw new StoreUnavailableError('locked', 'Other processes keep changing the signing keys')
  }

  async #load(): Promise<void> {
    let before: number
    let stored: Awaited<ReturnType<KeyStore['loadKeyring']>>
    do {
      before = this.#taken
      stored = await this.#options.store.loadKeyring()
      // What was read before something else was taken over may be older than that.
    } while (this.#taken !== before)
    if (stored === undefined || stored.version === this.#version) return
    this.#take(readKeyringDocument(stored.document, this.#options.secrets), stored.version)
  }

  #take(content: ReadKeyring, version: number): void {
    this.#taken++
    this.#content = content
    this.#version = version
    this.#byKid = new Map(
      content.keys.map((key) => [key.kid, { ...key, key: key.publicKey }] as const),
    )
  }

  async #makeKey(activatesAt: number, now: number): Promise<SigningKey> {
    const generated = await generateKey(this.#algorithm)
    return {
      ...generated,
      algorithm: this.#algorithm,
      createdAt: now,
      activatesAt,
      removesAt: null,
    }
  }
}

interface KeyringContentPlan {
  readonly keep: readonly SigningKey[]
  readonly longestTokenTtlSeconds: number
}

/** HS256: the secret's UTF-8 bytes are the key, as other libraries take them. It rotates by configuration alone. */
function createSharedSecretKeyring(secret: string): Keyring {
  const key = createSecretKey(secret, 'utf8')
  // Keyed by the secret itself: a name that neither shows it nor lets anybody test a guess faster than a token does.
  const label = createHmac('sha256', key).update('countersign key name').digest('base64url')
  const kid = `hs256-${label.slice(0, 8)}`
  const signing: SigningKey = {
    kid,
    algorithm: 'HS256',
    privateKey: key,
    publicKey: key,
    createdAt: 0,
    activatesAt: 0,
    removesAt: null,
  }
  const verification: VerificationKey = { kid, algorithm: 'HS256', key }
  const info: KeyInfo = {
    kid,
    algorithm: 'HS256',
    state: 'active',
    createdAt: 0,
    activatesAt: 0,
    removesAt: null,
  }
  return {
    signingKey: () => signing,
    findKey: (wanted) => (wanted === kid ? verification : undefined),
    jwks: () => ({ body: { keys: [] }, maxAgeSeconds: keySetMaxAgeSeconds }),
    list: () => [info],
    // Nothing is stored that could tell what was configured before, so it is the most that may be.
    longestTokenTtlSeconds: () => maxAccessTokenTtlSeconds,
    maintain: async () => false,
    follow: async () => undefined,
    lookUp: async () => false,
    rotate: async () => {
      throw new RotationRefusedError(
        'With JWT_SECRET the key is that secret: change it and restart.',
      )
    },
  }
}
