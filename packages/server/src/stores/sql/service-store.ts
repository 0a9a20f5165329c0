import type { Service } from '../../services/service.ts'
import type { ServiceStore } from '../../services/store.ts'
import type { ServiceRow } from './schema.ts'
import { type SqlDatabase, UniqueViolationError } from './sql-database.ts'
import { compileStatement } from './statement.ts'

const serviceColumns = ['id', 'name', 'name_key', 'secret_hash', 'created_at'] as const

const insert = compileStatement<ServiceRow>((db, arg) =>
  db.insertInto('services').values({
    id: arg('id'),
    name: arg('name'),
    name_key: arg('name_key'),
    secret_hash: arg('secret_hash'),
    created_at: arg<number>('created_at'),
  }),
)

const find = compileStatement<{ id: string }, ServiceRow>((db, arg) =>
  db.selectFrom('services').select(serviceColumns).where('id', '=', arg('id')),
)

const list = compileStatement<{ limit: number }, ServiceRow>((db, arg) =>
  db.selectFrom('services').select(serviceColumns).orderBy('id').limit(arg<number>('limit')),
)

const remove = compileStatement<{ id: string }>((db, arg) =>
  db.deleteFrom('services').where('id', '=', arg('id')),
)

const listLimit = 1_000

export function createServiceStore(database: SqlDatabase): ServiceStore {
  return {
    insertService: async ({ id, name, secretHash, createdAt }) => {
      const row = {
        id,
        name,
        name_key: name.toLowerCase(),
        secret_hash: secretHash,
        created_at: createdAt,
      }
      try {
        await database.write(insert, row)
        return 'inserted'
      } catch (error) {
        if (error instanceof UniqueViolationError) return 'name_taken'
        throw error
      }
    },
    findService: async (id) => {
      const row = await database.get(find, { id })
      return row && toService(row)
    },
    listServices: async () => (await database.all(list, { limit: listLimit })).map(toService),
    deleteService: async (id) => (await database.write(remove, { id })) === 1,
  }
}

function toService(row: ServiceRow): Service {
  return {
    id: row.id,
    name: row.name,
    secretHash: row.secret_hash,
    createdAt: row.created_at,
  }
}
