// Maintenance: what happens without a request: following revocations, rotating keys, keeping the store's time, deleting
// what is over. It owns the timers; the work is each domain's own.

import type { Clock } from '../foundation/clock.ts'
import type { Logger } from '../foundation/logger.ts'
import type { StoreClock } from '../foundation/store-clock.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { RevocationFollower } from '../revocation/follow-revocations.ts'
import type { LiveRevocations } from '../revocation/live-revocations.ts'
import type { Store } from '../stores/store.ts'

export interface MaintenanceParts {
  readonly store: Pick<
    Store,
    | 'pruneSessions'
    | 'pruneAttempts'
    | 'pruneConsumed'
    | 'pruneChallenges'
    | 'pruneEvents'
    | 'readTime'
  >
  readonly storeClock: StoreClock
  readonly keyring: Pick<Keyring, 'maintain' | 'follow'>
  /** Told when this process made a signing key because it was time. */
  readonly onKeyMade: () => Promise<void>
  readonly follower: Pick<RevocationFollower, 'follow'>
  readonly revocations: Pick<LiveRevocations, 'prune'>
  readonly sessionIdleMs: number
  readonly sessionMaxMs: number
  readonly auditRetentionMs: number
  /** Tells the other instances of this one's volume; undefined when there are none. */
  readonly shareVolume?: (() => Promise<void>) | undefined
  /** Sends the mails that are due; undefined when they go nowhere. */
  readonly sendMails?: (() => Promise<void>) | undefined
  /** Seals anew what an older master secret sealed. */
  readonly resealSecrets: () => Promise<unknown>
  readonly clock: Clock
  readonly logger: Logger
}

export interface Maintenance {
  /** Deletes what is over; of sessions a slice, for their table is walked. */
  prune(): Promise<void>
  /** Stops the timers and waits for the work that runs. */
  stop(): Promise<void>
}

const followEveryMs = 500
const followKeysEveryMs = 1_000
const shareEveryMs = 1_000
const sendEveryMs = 1_000
const maintainEveryMs = 60_000
const measureEveryMs = 10_000
const pruneEveryMs = 30_000
const resealEveryMs = 600_000
const sliceSize = 2_000
const mostSlices = 100
const clockToleranceMs = 60_000

export function startMaintenance(parts: MaintenanceParts): Maintenance {
  const { store, storeClock, keyring, follower, revocations, clock, logger } = parts

  const measure = (): Promise<void> => storeClock.measure(() => store.readTime())
  const prune = async (): Promise<void> => {
    // What is deleted stays so: not by the time of a machine that was set wrong since it was measured.
    await measure()
    const now = clock()
    revocations.prune()
    // Ended sessions stay as long as their tokens would have lived, so that each is told what became of it.
    await store.pruneSessions({
      ended: now - parts.sessionIdleMs,
      used: now - 2 * parts.sessionIdleMs,
      created: now - parts.sessionMaxMs - parts.sessionIdleMs,
      limit: sliceSize,
    })
    await untilShort(() => store.pruneAttempts(now, sliceSize))
    // An instance whose clock is behind still knows as unexpired what has expired here.
    await untilShort(() => store.pruneConsumed(now - clockToleranceMs, sliceSize))
    await untilShort(() => store.pruneChallenges(now - clockToleranceMs, sliceSize))
    await untilShort(() => store.pruneEvents(now - parts.auditRetentionMs, sliceSize))
  }
  const maintainKeys = async (): Promise<void> => {
    // As above: with a key for a time that is years ahead the rotation has one, and makes none until then.
    await measure()
    if (await keyring.maintain()) await parts.onKeyMade()
  }
  const timers = [
    repeat('follow revocations', followEveryMs, () => follower.follow(), logger),
    repeat('follow the keys', followKeysEveryMs, () => keyring.follow(), logger),
    ...(parts.shareVolume
      ? [repeat('share the volume of calls', shareEveryMs, parts.shareVolume, logger)]
      : []),
    ...(parts.sendMails ? [repeat('send mails', sendEveryMs, parts.sendMails, logger)] : []),
    repeat('measure the clock', measureEveryMs, measure, logger),
    repeat('maintain the keys', maintainEveryMs, maintainKeys, logger),
    repeat('prune', pruneEveryMs, prune, logger),
    repeat('seal secrets anew', resealEveryMs, parts.resealSecrets, logger),
  ]
  return {
    prune,
    stop: async () => {
      await Promise.all(timers.map((stop) => stop()))
    },
  }
}

/** Slice after slice, others in between, until one was not full: strangers add such rows faster than one slice a turn. */
async function untilShort(pruneSlice: () => Promise<number>): Promise<void> {
  for (let slices = 0; slices < mostSlices; slices++) {
    if ((await pruneSlice()) < sliceSize) return
  }
}

/** Runs the work again and again, never twice at once. A failure is logged and the next turn tries again. */
function repeat(
  name: string,
  everyMs: number,
  work: () => Promise<unknown>,
  logger: Logger,
): () => Promise<void> {
  let running: Promise<void> | undefined
  const turn = async (): Promise<void> => {
    try {
      await work()
    } catch (error) {
      logger.error({ err: error }, `Could not ${name}`)
    }
  }
  const timer = setInterval(() => {
    // Not inside the turn: one that throws at once would be over before it was noted as running, and stay so.
    running ??= turn().finally(() => {
      running = undefined
    })
  }, everyMs)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await running
  }
}
