import type { Service } from '../../services/service.ts'
import type { ServiceStore } from '../../services/store.ts'
import type { Collections, ServiceDocument } from './documents.ts'
import { isDuplicateKey } from './mongodb-failure.ts'
import { bounded } from './time-limit.ts'

const listLimit = 1_000

export function createServiceStore({ services }: Pick<Collections, 'services'>): ServiceStore {
  return {
    insertService: async ({ id, name, secretHash, createdAt }) => {
      const document = { _id: id, name, nameKey: name.toLowerCase(), secretHash, createdAt }
      try {
        await services.insertOne(document, bounded)
        return 'inserted'
      } catch (error) {
        if (isDuplicateKey(error)) return 'name_taken'
        throw error
      }
    },
    findService: async (id) => {
      const found = await services.findOne({ _id: id }, bounded)
      return found === null ? undefined : toService(found)
    },
    listServices: async () => {
      const found = await services.find({}, bounded).sort({ _id: 1 }).limit(listLimit).toArray()
      return found.map(toService)
    },
    deleteService: async (id) =>
      (await services.deleteOne({ _id: id }, bounded)).deletedCount === 1,
  }
}

function toService({ _id, name, secretHash, createdAt }: ServiceDocument): Service {
  return { id: _id, name, secretHash, createdAt }
}
