import type { Clock } from '../foundation/clock.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import type { AttemptStore } from './store.ts'
import type { UnsharedVolume, VolumeLimits } from './volume-limits.ts'

// What one turn may cost the store. What is left over waits for the next turn.
const callersPerTurn = 2_000
const atOnce = 16

/**
 * Adds this instance's calls to the count of all instances and learns theirs. Run every second, so a caller who spreads
 * calls over instances passes a limit by a second's traffic at the most, and a 64th of the limit per instance.
 *
 * @throws StoreUnavailableError when the store is away; what was not sent is shared later, and every instance goes on
 * counting for itself
 */
export async function shareVolume(
  volume: VolumeLimits,
  store: Pick<AttemptStore, 'reserveAttempt'>,
  clock: Clock,
): Promise<void> {
  const waiting = volume.unshared().take(callersPerTurn)
  const share = async (): Promise<void> => {
    for (const shared of waiting) await shareOne(volume, store, shared, clock())
  }
  await Promise.all(Array.from({ length: atOnce }, share))
}

async function shareOne(
  volume: VolumeLimits,
  store: Pick<AttemptStore, 'reserveAttempt'>,
  shared: UnsharedVolume,
  now: number,
): Promise<void> {
  const { key, limit, calls } = shared
  const window = { limit: Number.MAX_SAFE_INTEGER, amount: calls, windowMs: limit.windowMs, now }
  try {
    volume.adopt(shared, await store.reserveAttempt(`volume ${key}`, window))
  } catch (error) {
    // It may have been counted, and a change is sent once: twice would refuse a caller for calls that nobody made.
    const isSent = error instanceof StoreUnavailableError && error.reason === 'interrupted'
    if (isSent) volume.adopt(shared, undefined)
    throw error
  }
}
