import type { ChallengeStore } from '../../challenges/store.ts'
import { deleteOldest } from './delete-oldest.ts'
import type { Collections } from './documents.ts'
import { isDuplicateKey } from './mongodb-failure.ts'
import { bounded } from './time-limit.ts'

const returningBefore = { ...bounded, returnDocument: 'before' } as const

export function createChallengeStore({
  challenges,
}: Pick<Collections, 'challenges'>): ChallengeStore {
  return {
    putChallenge: async ({ kind, id, ...challenge }) => {
      const { subject, payload, attempts, expiresAt } = challenge
      const update = { $set: { subject, payload, attempts, expiresAt } }
      const put = () =>
        challenges.updateOne({ _id: idOf(kind, id) }, update, { ...bounded, upsert: true })
      try {
        await put()
      } catch (error) {
        // Two that insert at once: the second replaces what the first put there.
        if (!isDuplicateKey(error)) throw error
        await put()
      }
    },
    attemptChallenge: async (kind, id, limit, now) => {
      const before = await challenges.findOneAndUpdate(
        { _id: idOf(kind, id), attempts: { $lt: limit }, expiresAt: { $gt: now } },
        { $inc: { attempts: 1 } },
        returningBefore,
      )
      if (before === null) return undefined
      const { subject, payload, attempts, expiresAt } = before
      return { kind, id, subject, payload, attempts: attempts + 1, expiresAt }
    },
    spendChallenge: async (kind, id, payload) =>
      (await challenges.deleteOne({ _id: idOf(kind, id), payload }, bounded)).deletedCount === 1,
    pruneChallenges: (before, limit) =>
      deleteOldest(challenges, { expiresAt: { $lt: before } }, { expiresAt: 1 }, limit),
  }
}

/** One text for both, from which both could be read back. */
function idOf(kind: string, id: string): string {
  return JSON.stringify([kind, id])
}
