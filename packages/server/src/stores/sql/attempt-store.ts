import { sql } from 'kysely'
import { type AttemptStore, clockToleranceMs } from '../../limits/store.ts'
import type { AttemptRow } from './schema.ts'
import type { SqlDatabase } from './sql-database.ts'
import { compileStatement, type Statement } from './statement.ts'

// One statement, so that any number of callers at once get no more than the limit. The update happens only below the
// limit or in a new window; without it nothing is returned.
export const reserveAttempt: Statement<
  { key: string; limit: number; amount: number; now: number; resets_at: number; latest: number },
  Pick<AttemptRow, 'count' | 'resets_at'>
> = compileStatement((db, arg) => {
  const isOver = sql`(attempts.resets_at <= ${arg('now')} OR attempts.resets_at > ${arg('latest')})`
  return db
    .insertInto('attempts')
    .values({ key: arg('key'), count: arg<number>('amount'), resets_at: arg<number>('resets_at') })
    .onConflict((conflict) =>
      conflict
        .column('key')
        .doUpdateSet({
          count: sql<number>`CASE WHEN ${isOver} THEN ${arg('amount')} ELSE attempts.count + ${arg('amount')} END`,
          resets_at: sql<number>`CASE WHEN ${isOver} THEN ${arg('resets_at')} ELSE attempts.resets_at END`,
        })
        .where(sql<boolean>`${isOver} OR attempts.count + ${arg('amount')} <= ${arg('limit')}`),
    )
    .returning(['count', 'resets_at'])
})

const find = compileStatement<{ key: string }, Pick<AttemptRow, 'count' | 'resets_at'>>((db, arg) =>
  db.selectFrom('attempts').select(['count', 'resets_at']).where('key', '=', arg('key')),
)

const release = compileStatement<{ key: string; resets_at: number }>((db, arg) =>
  db
    .updateTable('attempts')
    .set({ count: sql<number>`count - 1` })
    .where('key', '=', arg('key'))
    .where('resets_at', '=', arg<number>('resets_at'))
    .where('count', '>', 0),
)

const prune = compileStatement<{ before: number; limit: number }>((db, arg) =>
  db
    .deleteFrom('attempts')
    .where(
      'key',
      'in',
      db
        .selectFrom('attempts')
        .select('key')
        .where('resets_at', '<', arg<number>('before'))
        .orderBy('resets_at')
        .limit(arg<number>('limit')),
    ),
)

// A count that a power cut takes back gives somebody the attempts of that moment again, and each log-in would wait for
// two syncs more.
const outlives = 'crash'

export function createAttemptStore(database: SqlDatabase): AttemptStore {
  return {
    reserveAttempt: async (key, { limit, windowMs, now, amount = 1 }) => {
      const resetsAt = now + windowMs
      if (amount > limit) return { granted: false, count: 0, resetsAt }
      const latest = resetsAt + clockToleranceMs
      const values = { key, limit, amount, now, resets_at: resetsAt, latest }
      const taken = await database.writeReturning(reserveAttempt, values, outlives)
      if (taken) return { granted: true, count: taken.count, resetsAt: taken.resets_at }
      const full = await database.get(find, { key })
      return {
        granted: false,
        count: full?.count ?? limit,
        resetsAt: full?.resets_at ?? resetsAt,
      }
    },
    releaseAttempt: async (key, resetsAt) => {
      await database.write(release, { key, resets_at: resetsAt }, outlives)
    },
    pruneAttempts: (before, limit) => database.write(prune, { before, limit }),
  }
}
