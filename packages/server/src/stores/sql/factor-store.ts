import { sql } from 'kysely'
import type { Factor, FactorKind } from '../../factors/factor.ts'
import type { FactorStore } from '../../factors/store.ts'
import type { FactorRow } from './schema.ts'
import { type SqlDatabase, UniqueViolationError } from './sql-database.ts'
import { compileStatement, literal, type Statement } from './statement.ts'

const columns = [
  'id',
  'user_id',
  'kind',
  'name',
  'epoch',
  'external_id',
  'secret',
  'counter',
  'created_at',
  'last_used_at',
] as const

const insert = compileStatement<FactorRow>((db, arg) =>
  db.insertInto('factors').values({
    id: arg('id'),
    user_id: arg('user_id'),
    kind: arg('kind'),
    name: arg('name'),
    epoch: arg<number>('epoch'),
    external_id: arg('external_id'),
    secret: arg('secret'),
    counter: arg<number>('counter'),
    created_at: arg<number>('created_at'),
    last_used_at: arg<number>('last_used_at'),
  }),
)

export const listFactors: Statement<{ user: string }, FactorRow> = compileStatement((db, arg) =>
  db
    .selectFrom('factors')
    .select(columns)
    .where('user_id', '=', arg('user'))
    .orderBy('id')
    .limit(literal(100)),
)

const listOfKind = compileStatement<{ kind: string; after: string; limit: number }, FactorRow>(
  (db, arg) =>
    db
      .selectFrom('factors')
      .select(columns)
      .where('kind', '=', arg('kind'))
      .where('id', '>', arg('after'))
      .orderBy('id')
      .limit(arg<number>('limit')),
)

const findByExternalId = compileStatement<{ external: string }, FactorRow>((db, arg) =>
  db.selectFrom('factors').select(columns).where('external_id', '=', arg('external')),
)

const swap = compileStatement<{
  id: string
  seen_secret: string
  seen_counter: number
  secret: string
  counter: number
  used: number | null
  name: string | null
  created: number | null
}>((db, arg) =>
  db
    .updateTable('factors')
    .set({
      secret: arg('secret'),
      counter: arg<number>('counter'),
      last_used_at: sql`coalesce(${arg('used')}, last_used_at)`,
      name: sql`coalesce(${arg('name')}, name)`,
      created_at: sql`coalesce(${arg('created')}, created_at)`,
    })
    .where('id', '=', arg('id'))
    .where('secret', '=', arg('seen_secret'))
    .where('counter', '=', arg<number>('seen_counter')),
)

const rename = compileStatement<{ user: string; id: string; name: string }>((db, arg) =>
  db
    .updateTable('factors')
    .set({ name: arg('name') })
    .where('id', '=', arg('id'))
    .where('user_id', '=', arg('user')),
)

const remove = compileStatement<{ user: string; id: string }>((db, arg) =>
  db.deleteFrom('factors').where('id', '=', arg('id')).where('user_id', '=', arg('user')),
)

const removeDead = compileStatement<{ user: string; epoch: number }>((db, arg) =>
  db
    .deleteFrom('factors')
    .where('user_id', '=', arg('user'))
    .where('epoch', '<', arg<number>('epoch')),
)

export function createFactorStore(database: SqlDatabase): FactorStore {
  return {
    insertFactor: async (factor) => {
      try {
        await database.write(insert, toRow(factor))
        return 'inserted'
      } catch (error) {
        if (error instanceof UniqueViolationError) return 'taken'
        throw error
      }
    },
    listFactors: async (user) => (await database.all(listFactors, { user })).map(toFactor),
    listFactorsOfKind: async (kind, after, limit) =>
      (await database.all(listOfKind, { kind, after, limit })).map(toFactor),
    findFactorByExternalId: async (external) => {
      const row = await database.get(findByExternalId, { external })
      return row && toFactor(row)
    },
    swapFactor: async (seen, use) => {
      const values = {
        id: seen.id,
        seen_secret: seen.secret,
        seen_counter: seen.counter,
        secret: use.secret ?? seen.secret,
        counter: use.counter ?? seen.counter,
        used: use.lastUsedAt ?? null,
        name: use.name ?? null,
        created: use.createdAt ?? null,
      }
      return (await database.write(swap, values)) === 1
    },
    renameFactor: async (user, id, name) =>
      (await database.write(rename, { user, id, name })) === 1,
    deleteFactor: async (user, id) => (await database.write(remove, { user, id })) === 1,
    deleteFactors: (user, epoch) => database.write(removeDead, { user, epoch }),
  }
}

function toRow(factor: Factor): FactorRow {
  return {
    id: factor.id,
    user_id: factor.userId,
    kind: factor.kind,
    name: factor.name,
    epoch: factor.epoch,
    external_id: factor.externalId,
    secret: factor.secret,
    counter: factor.counter,
    created_at: factor.createdAt,
    last_used_at: factor.lastUsedAt,
  }
}

function toFactor(row: FactorRow): Factor {
  return {
    id: row.id,
    userId: row.user_id,
    kind: row.kind as FactorKind,
    name: row.name,
    epoch: row.epoch,
    externalId: row.external_id,
    secret: row.secret,
    counter: row.counter,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  }
}
