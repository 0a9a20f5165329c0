import type { Bus } from '../bus/bus.ts'
import { openPostgresBus } from '../bus/postgres-bus.ts'
import type { Settings } from '../config/settings.ts'
import { type Keyring, openKeyring } from '../keys/keyring.ts'
import type { AttemptStore } from '../limits/store.ts'
import { announceKeyChange, hearInstances } from '../maintenance/hear-instances.ts'
import { createRedisAttemptStore } from '../redis/redis-attempt-store.ts'
import { createRedisBus } from '../redis/redis-bus.ts'
import { connectRedis } from '../redis/redis-connection.ts'
import { announceRevocation } from '../revocation/announce-revocations.ts'
import {
  type RevocationFollower,
  createRevocationFollower,
} from '../revocation/follow-revocations.ts'
import { LiveRevocations } from '../revocation/live-revocations.ts'
import { type RevokingStore, createRevokingStore } from '../revocation/revoking-store.ts'
import type { Revocation } from '../revocation/store.ts'
import { openStore } from '../stores/open-store.ts'
import type { Store } from '../stores/store.ts'
import type { Base } from './base.ts'

/** What persists, and the copy of it that is held in memory. */
export interface State {
  readonly store: Store
  /** What tells the other instances; without it they poll. */
  readonly bus: Bus | undefined
  readonly keyring: Keyring
  readonly revocations: LiveRevocations
  readonly follower: RevocationFollower
  /** The writes that revoke, which this process and the others hear of. */
  readonly revoking: RevokingStore
  readonly attempts: AttemptStore
  /** True where other instances may count the same callers. */
  readonly isShared: boolean
}

/** @throws StoreUnavailableError when the database cannot be opened */
export async function openState(base: Base): Promise<State> {
  const { settings, clock, storeClock, randomness, secrets, logger } = base
  const store = await openStore(settings, base.localClock, base.storeTime)
  const { redis, bus } = await openBus(base)
  try {
    // Before anything is decided by the time.
    await storeClock.measure(() => store.readTime())
    const keyring = await openKeyring({
      store,
      secrets,
      algorithm: settings.jwtAlgorithm,
      jwtSecret: settings.jwtSecret,
      accessTokenTtlSeconds: settings.accessTokenTtlSeconds,
      rotationSeconds: settings.keyRotationSeconds,
      clock,
      randomness,
      ...(bus && { onChange: () => announceKeyChange(bus) }),
    })
    const retentionMs = (keyring.longestTokenTtlSeconds() + 120) * 1000
    const revocations = new LiveRevocations(clock, retentionMs)
    const follower = createRevocationFollower(store, revocations, clock, retentionMs)
    await follower.follow()
    if (bus) hearInstances(bus, { keyring, revocations, clock, logger })
    const note = (revocation: Revocation): void => {
      revocations.note(revocation)
      if (bus) announceRevocation(bus, revocation)
    }
    return {
      store,
      bus,
      keyring,
      revocations,
      follower,
      revoking: createRevokingStore(store, { note }, clock),
      attempts: redis ? createRedisAttemptStore(redis, store, redisName(settings)) : store,
      isShared: redis !== undefined || settings.database.kind !== 'sqlite',
    }
  } catch (error) {
    await bus?.close()
    await store.close()
    throw error
  }
}

/** What tells the other instances: Redis where it is configured, else PostgreSQL's own; else they poll. */
async function openBus({ settings, logger }: Base) {
  const { redisUrl, database } = settings
  if (redisUrl !== undefined) {
    const redis = await connectRedis(redisUrl, logger, redisName(settings))
    return { redis, bus: createRedisBus(redis, redisName(settings)) }
  }
  const bus = database.kind === 'postgres' ? await openPostgresBus(database) : undefined
  return { redis: undefined, bus }
}

/** Instances that share a database share the issuer; others on the same Redis have another. */
function redisName({ issuer }: Settings): string {
  return `countersign ${issuer} `
}
