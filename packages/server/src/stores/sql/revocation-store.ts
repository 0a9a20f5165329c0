import type { RevocationStore } from '../../revocation/store.ts'
import type { SqlDatabase } from './sql-database.ts'
import { compileStatement, type Statement } from './statement.ts'

export const endedSessions: Statement<{ since: number }, { id: string; ended_at: number }> =
  compileStatement(
    (db, arg) =>
      db
        .selectFrom('sessions')
        .select(['id', 'ended_at'])
        .where('ended_at', '>=', arg<number>('since')) as never,
  )

export const raisedEpochs: Statement<
  { since: number },
  { id: string; token_epoch: number; epochs_raised_at: number }
> = compileStatement(
  (db, arg) =>
    db
      .selectFrom('users')
      .select(['id', 'token_epoch', 'epochs_raised_at'])
      .where('epochs_raised_at', '>=', arg<number>('since')) as never,
)

export function createRevocationStore(database: SqlDatabase): RevocationStore {
  return {
    findRevocations: async (since) => {
      const [sessions, users] = await Promise.all([
        database.all(endedSessions, { since }),
        database.all(raisedEpochs, { since }),
      ])
      return [
        ...sessions.map((row) => ({
          kind: 'session' as const,
          sessionId: row.id,
          at: row.ended_at,
        })),
        ...users.map((row) => ({
          kind: 'subject' as const,
          subject: row.id,
          epoch: row.token_epoch,
          at: row.epochs_raised_at,
        })),
      ]
    },
  }
}
