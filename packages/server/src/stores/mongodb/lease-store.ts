import type { LeaseStore } from '../../leases/store.ts'
import type { Collections } from './documents.ts'
import { isDuplicateKey } from './mongodb-failure.ts'
import { bounded } from './time-limit.ts'

export function createLeaseStore({ leases }: Pick<Collections, 'leases'>): LeaseStore {
  return {
    acquireLease: async (name, holder, expiresAt, now) => {
      const own = await leases.updateOne({ _id: name, holder }, { $set: { expiresAt } }, bounded)
      if (own.matchedCount === 1) return true
      // One command: it takes over a lease that has expired, or inserts one. Another's lease does not match, so that the
      // insert meets its id and fails.
      const expired = { _id: name, expiresAt: { $lte: now } }
      const update = { $set: { holder, expiresAt } }
      try {
        await leases.updateOne(expired, update, { ...bounded, upsert: true })
        return true
      } catch (error) {
        if (isDuplicateKey(error)) return false
        throw error
      }
    },
    releaseLease: async (name, holder) => {
      await leases.deleteOne({ _id: name, holder }, bounded)
    },
  }
}
