import type { AttemptReservation, AttemptStore, AttemptWindow } from '../../limits/store.ts'
import { compareAndSwap } from './compare-and-swap.ts'
import { deleteOldest } from './delete-oldest.ts'
import type { AttemptDocument, Collections } from './documents.ts'
import { isDuplicateKey } from './mongodb-failure.ts'
import { bounded } from './time-limit.ts'

// Instances differ by up to 5 s each way.
const clockToleranceMs = 10_000

export function createAttemptStore({ attempts }: Pick<Collections, 'attempts'>): AttemptStore {
  /** Takes one from the window that runs, in one command: however many ask, no more than the limit get one. */
  const takeFrom = async (
    key: string,
    { limit, windowMs, now }: AttemptWindow,
  ): Promise<AttemptReservation | undefined> => {
    const running = { $gt: now, $lte: now + windowMs + clockToleranceMs }
    const before = await attempts.findOneAndUpdate(
      { _id: key, count: { $lt: limit }, resetsAt: running },
      { $inc: { count: 1 } },
      { ...bounded, returnDocument: 'before' },
    )
    return before
      ? { granted: true, count: before.count + 1, resetsAt: before.resetsAt }
      : undefined
  }
  /** Begins a window where there is none, or where the one that was read is over and still the same. */
  const begin = async (
    key: string,
    seen: AttemptDocument | null,
    resetsAt: number,
  ): Promise<AttemptReservation | undefined> => {
    const begun = { granted: true, count: 1, resetsAt } as const
    if (seen) {
      const same = { _id: key, count: seen.count, resetsAt: seen.resetsAt }
      const update = { $set: { count: 1, resetsAt } }
      const { matchedCount } = await attempts.updateOne(same, update, bounded)
      return matchedCount === 1 ? begun : undefined
    }
    try {
      await attempts.insertOne({ _id: key, count: 1, resetsAt }, bounded)
      return begun
    } catch (error) {
      if (isDuplicateKey(error)) return undefined
      throw error
    }
  }
  return {
    reserveAttempt: (key, window) => {
      const { limit, windowMs, now } = window
      const resetsAt = now + windowMs
      return compareAndSwap<AttemptReservation>(async () => {
        if (limit <= 0) return { granted: false, count: 0, resetsAt }
        const taken = await takeFrom(key, window)
        if (taken) return taken
        const seen = await attempts.findOne({ _id: key }, bounded)
        const isOver = !seen || seen.resetsAt <= now || seen.resetsAt > resetsAt + clockToleranceMs
        if (isOver) return begin(key, seen, resetsAt)
        // Below the limit again: somebody gave one back between the two looks.
        if (seen.count < limit) return undefined
        return { granted: false, count: seen.count, resetsAt: seen.resetsAt }
      })
    },
    releaseAttempt: async (key, resetsAt) => {
      const counted = { _id: key, resetsAt, count: { $gt: 0 } }
      await attempts.updateOne(counted, { $inc: { count: -1 } }, bounded)
    },
    pruneAttempts: (before, limit) =>
      deleteOldest(attempts, { resetsAt: { $lt: before } }, { resetsAt: 1 }, limit),
  }
}
