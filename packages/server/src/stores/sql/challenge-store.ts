import { sql } from 'kysely'
import type { ChallengeStore } from '../../challenges/store.ts'
import type { ChallengeRow } from './schema.ts'
import type { SqlDatabase } from './sql-database.ts'
import { compileStatement } from './statement.ts'

const columns = ['kind', 'id', 'subject', 'payload', 'attempts', 'expires_at'] as const

const put = compileStatement<ChallengeRow>((db, arg) => {
  const rest = {
    subject: arg('subject'),
    payload: arg('payload'),
    attempts: arg<number>('attempts'),
    expires_at: arg<number>('expires_at'),
  }
  return db
    .insertInto('challenges')
    .values({ kind: arg('kind'), id: arg('id'), ...rest })
    .onConflict((conflict) => conflict.columns(['kind', 'id']).doUpdateSet(rest))
})

const attempt = compileStatement<
  { kind: string; id: string; limit: number; now: number },
  ChallengeRow
>((db, arg) =>
  db
    .updateTable('challenges')
    .set({ attempts: sql<number>`attempts + 1` })
    .where('kind', '=', arg('kind'))
    .where('id', '=', arg('id'))
    .where('attempts', '<', arg<number>('limit'))
    .where('expires_at', '>', arg<number>('now'))
    .returning(columns),
)

const spend = compileStatement<{ kind: string; id: string; payload: string }>((db, arg) =>
  db
    .deleteFrom('challenges')
    .where('kind', '=', arg('kind'))
    .where('id', '=', arg('id'))
    .where('payload', '=', arg('payload')),
)

const prune = compileStatement<{ before: number; limit: number }>((db, arg) =>
  db.deleteFrom('challenges').where(
    sql<boolean>`(kind, id) IN (
        SELECT kind, id FROM challenges WHERE expires_at < ${arg('before')}
        ORDER BY expires_at LIMIT ${arg('limit')}
      )`,
  ),
)

export function createChallengeStore(database: SqlDatabase): ChallengeStore {
  return {
    putChallenge: async ({ kind, id, subject, payload, attempts, expiresAt }) => {
      await database.write(put, { kind, id, subject, payload, attempts, expires_at: expiresAt })
    },
    attemptChallenge: async (kind, id, limit, now) => {
      const row = await database.writeReturning(attempt, { kind, id, limit, now })
      if (row === undefined) return undefined
      const { subject, payload, attempts, expires_at: expiresAt } = row
      return { kind, id, subject, payload, attempts, expiresAt }
    },
    spendChallenge: async (kind, id, payload) =>
      (await database.write(spend, { kind, id, payload })) === 1,
    pruneChallenges: (before, limit) => database.write(prune, { before, limit }),
  }
}
