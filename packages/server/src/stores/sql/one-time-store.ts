import { sql } from 'kysely'
import type { OneTimeStore } from '../../one-time/store.ts'
import type { ConsumedRow } from './schema.ts'
import type { SqlDatabase } from './sql-database.ts'
import { compileStatement } from './statement.ts'

// The primary key decides the race; a row that has expired and waits to be pruned counts as none.
const consume = compileStatement<ConsumedRow & { now: number }>((db, arg) =>
  db
    .insertInto('consumed')
    .values({ kind: arg('kind'), id: arg('id'), expires_at: arg<number>('expires_at') })
    .onConflict((conflict) =>
      conflict
        .columns(['kind', 'id'])
        .doUpdateSet({ expires_at: arg<number>('expires_at') })
        .where(sql<boolean>`consumed.expires_at <= ${arg('now')}`),
    ),
)

const prune = compileStatement<{ before: number; limit: number }>((db, arg) =>
  db.deleteFrom('consumed').where(
    sql<boolean>`(kind, id) IN (
        SELECT kind, id FROM consumed WHERE expires_at < ${arg('before')}
        ORDER BY expires_at LIMIT ${arg('limit')}
      )`,
  ),
)

export function createOneTimeStore(database: SqlDatabase): OneTimeStore {
  return {
    consumeOnce: async (kind, id, expiresAt, now) => {
      if (expiresAt <= now) return false
      const values = { kind, id, expires_at: expiresAt, now }
      return (await database.write(consume, values)) === 1
    },
    pruneConsumed: (before, limit) => database.write(prune, { before, limit }),
  }
}
