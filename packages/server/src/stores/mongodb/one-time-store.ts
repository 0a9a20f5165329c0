import type { OneTimeStore } from '../../one-time/store.ts'
import { deleteOldest } from './delete-oldest.ts'
import type { Collections } from './documents.ts'
import { isDuplicateKey } from './mongodb-failure.ts'
import { bounded } from './time-limit.ts'

export function createOneTimeStore({ consumed }: Pick<Collections, 'consumed'>): OneTimeStore {
  return {
    // One command: it takes over what has expired, or inserts. What is spent already matches neither, so that the insert
    // meets its id and fails.
    consumeOnce: async (kind, id, expiresAt, now) => {
      if (expiresAt <= now) return false
      const expired = { _id: idOf(kind, id), expiresAt: { $lte: now } }
      try {
        await consumed.updateOne(expired, { $set: { expiresAt } }, { ...bounded, upsert: true })
        return true
      } catch (error) {
        if (isDuplicateKey(error)) return false
        throw error
      }
    },
    pruneConsumed: (before, limit) =>
      deleteOldest(consumed, { expiresAt: { $lt: before } }, { expiresAt: 1 }, limit),
  }
}

/** One text for both, from which both could be read back: no two items share it. */
function idOf(kind: string, id: string): string {
  return JSON.stringify([kind, id])
}
