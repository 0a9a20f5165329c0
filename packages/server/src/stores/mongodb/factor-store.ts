import type { Factor, FactorKind } from '../../factors/factor.ts'
import type { FactorStore } from '../../factors/store.ts'
import type { Collections, FactorDocument } from './documents.ts'
import { isDuplicateKey } from './mongodb-failure.ts'
import { bounded } from './time-limit.ts'

export function createFactorStore({ factors }: Pick<Collections, 'factors'>): FactorStore {
  return {
    insertFactor: async (factor) => {
      try {
        await factors.insertOne(toDocument(factor), bounded)
        return 'inserted'
      } catch (error) {
        if (isDuplicateKey(error)) return 'taken'
        throw error
      }
    },
    listFactors: async (userId) => {
      const found = await factors.find({ userId }, bounded).sort({ _id: 1 }).limit(100).toArray()
      return found.map(toFactor)
    },
    listFactorsOfKind: async (kind, afterId, limit) => {
      const after = { kind, _id: { $gt: afterId } }
      const found = await factors.find(after, bounded).sort({ _id: 1 }).limit(limit).toArray()
      return found.map(toFactor)
    },
    findFactorByExternalId: async (externalId) => {
      const found = await factors.findOne({ externalId }, bounded)
      return found ? toFactor(found) : undefined
    },
    swapFactor: async ({ id, secret, counter }, use) => {
      const $set = {
        secret: use.secret ?? secret,
        counter: use.counter ?? counter,
        ...(typeof use.lastUsedAt === 'number' && { lastUsedAt: use.lastUsedAt }),
        ...(use.name !== undefined && { name: use.name }),
        ...(use.createdAt !== undefined && { createdAt: use.createdAt }),
      }
      const seen = { _id: id, secret, counter }
      return (await factors.updateOne(seen, { $set }, bounded)).matchedCount === 1
    },
    renameFactor: async (userId, id, name) => {
      const own = { _id: id, userId }
      return (await factors.updateOne(own, { $set: { name } }, bounded)).matchedCount === 1
    },
    deleteFactor: async (userId, id) =>
      (await factors.deleteOne({ _id: id, userId }, bounded)).deletedCount === 1,
    deleteFactors: async (userId, belowEpoch) =>
      (await factors.deleteMany({ userId, epoch: { $lt: belowEpoch } }, bounded)).deletedCount,
  }
}

function toDocument({ id, externalId, ...factor }: Factor): FactorDocument {
  return { _id: id, ...factor, ...(externalId !== null && { externalId }) }
}

function toFactor({ _id: id, ...document }: FactorDocument): Factor {
  return {
    id,
    userId: document.userId,
    kind: document.kind as FactorKind,
    name: document.name,
    epoch: document.epoch,
    externalId: document.externalId ?? null,
    secret: document.secret,
    counter: document.counter,
    createdAt: document.createdAt,
    lastUsedAt: document.lastUsedAt,
  }
}
