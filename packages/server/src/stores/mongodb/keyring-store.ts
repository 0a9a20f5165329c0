import type { KeyStore } from '../../keys/store.ts'
import type { Collections } from './documents.ts'
import { isDuplicateKey } from './mongodb-failure.ts'
import { bounded } from './time-limit.ts'

const id = 'signing'

// The one read that waits for a majority: nobody may sign with a key that a failover could undo. That it may be a moment
// old does not matter, for every change names the version that it was made from.
const acknowledged = { ...bounded, readConcern: { level: 'majority' } } as const

export function createKeyringStore({ keyring }: Pick<Collections, 'keyring'>): KeyStore {
  return {
    loadKeyring: async () => {
      const found = await keyring.findOne({ _id: id }, acknowledged)
      return found ? { version: found.version, document: found.document } : undefined
    },
    replaceKeyring: async (seen, document) => {
      const version = seen + 1
      if (seen > 0) {
        const filter = { _id: id, version: seen }
        const { matchedCount } = await keyring.updateOne(
          filter,
          { $set: { version, document } },
          bounded,
        )
        return matchedCount === 1
      }
      try {
        await keyring.insertOne({ _id: id, version, document }, bounded)
        return true
      } catch (error) {
        if (isDuplicateKey(error)) return false
        throw error
      }
    },
  }
}
