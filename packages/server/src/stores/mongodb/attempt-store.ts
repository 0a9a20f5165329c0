import {
  type AttemptReservation,
  type AttemptStore,
  type AttemptWindow,
  clockToleranceMs,
} from '../../limits/store.ts'
import { compareAndSwap } from './compare-and-swap.ts'
import { deleteOldest } from './delete-oldest.ts'
import type { AttemptDocument, Collections } from './documents.ts'
import { isDuplicateKey } from './mongodb-failure.ts'
import { bounded } from './time-limit.ts'

export function createAttemptStore({ attempts }: Pick<Collections, 'attempts'>): AttemptStore {
  /** Takes them from the window that runs, in one command: however many ask, no more than the limit are taken. */
  const takeFrom = async (
    key: string,
    { limit, windowMs, now, amount = 1 }: AttemptWindow,
  ): Promise<AttemptReservation | undefined> => {
    const running = { $gt: now, $lte: now + windowMs + clockToleranceMs }
    const before = await attempts.findOneAndUpdate(
      { _id: key, count: { $lte: limit - amount }, resetsAt: running },
      { $inc: { count: amount } },
      { ...bounded, returnDocument: 'before' },
    )
    return before
      ? { granted: true, count: before.count + amount, resetsAt: before.resetsAt }
      : undefined
  }
  /** Begins a window where there is none, or where the one that was read is over and still the same. */
  const begin = async (
    key: string,
    seen: AttemptDocument | null,
    { count, resetsAt }: Pick<AttemptReservation, 'count' | 'resetsAt'>,
  ): Promise<AttemptReservation | undefined> => {
    const begun = { granted: true, count, resetsAt } as const
    if (seen) {
      const same = { _id: key, count: seen.count, resetsAt: seen.resetsAt }
      const update = { $set: { count, resetsAt } }
      const { matchedCount } = await attempts.updateOne(same, update, bounded)
      return matchedCount === 1 ? begun : undefined
    }
    try {
      await attempts.insertOne({ _id: key, count, resetsAt }, bounded)
      return begun
    } catch (error) {
      if (isDuplicateKey(error)) return undefined
      throw error
    }
  }
  return {
    reserveAttempt: (key, window) => {
      const { limit, windowMs, now, amount = 1 } = window
      const resetsAt = now + windowMs
      return compareAndSwap<AttemptReservation>(async () => {
        if (amount > limit) return { granted: false, count: 0, resetsAt }
        const taken = await takeFrom(key, window)
        if (taken) return taken
        const seen = await attempts.findOne({ _id: key }, bounded)
        const isOver = !seen || seen.resetsAt <= now || seen.resetsAt > resetsAt + clockToleranceMs
        if (isOver) return begin(key, seen, { count: amount, resetsAt })
        // Below the limit again: somebody gave one back between the two looks.
        if (seen.count + amount <= limit) return undefined
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
