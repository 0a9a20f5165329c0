import type { MailStore, QueuedMail } from '../../mail/store.ts'
import type { MailRow } from './schema.ts'
import type { SqlDatabase } from './sql-database.ts'
import { compileStatement } from './statement.ts'

const columns = ['id', 'kind', 'payload', 'attempts', 'due_at', 'created_at', 'expires_at'] as const

const enqueue = compileStatement<MailRow>((db, arg) =>
  db.insertInto('mails').values({
    id: arg('id'),
    kind: arg('kind'),
    payload: arg('payload'),
    attempts: arg<number>('attempts'),
    due_at: arg<number>('due_at'),
    created_at: arg<number>('created_at'),
    expires_at: arg<number>('expires_at'),
  }),
)

const listDue = compileStatement<{ now: number; limit: number }, MailRow>((db, arg) =>
  db
    .selectFrom('mails')
    .select(columns)
    .where('due_at', '<=', arg<number>('now'))
    .orderBy('due_at')
    .limit(arg<number>('limit')),
)

const claim = compileStatement<{ id: string; seen: number; attempts: number; due: number }>(
  (db, arg) =>
    db
      .updateTable('mails')
      .set({ attempts: arg<number>('attempts'), due_at: arg<number>('due') })
      .where('id', '=', arg('id'))
      .where('attempts', '=', arg<number>('seen')),
)

const remove = compileStatement<{ id: string; attempts: number }>((db, arg) =>
  db
    .deleteFrom('mails')
    .where('id', '=', arg('id'))
    .where('attempts', '=', arg<number>('attempts')),
)

export function createMailStore(database: SqlDatabase): MailStore {
  const swap = async (id: string, seen: number, attempts: number, due: number) =>
    (await database.write(claim, { id, seen, attempts, due })) === 1
  return {
    enqueueMail: async (mail) => {
      await database.write(enqueue, toRow(mail))
    },
    listDueMails: async (now, limit) =>
      (await database.all(listDue, { now, limit })).map(toQueuedMail),
    claimMail: ({ id, attempts }, dueAt) => swap(id, attempts, attempts + 1, dueAt),
    postponeMail: (id, attempts, dueAt) => swap(id, attempts, attempts, dueAt),
    removeMail: async (id, attempts) => (await database.write(remove, { id, attempts })) === 1,
  }
}

function toRow(mail: QueuedMail): MailRow {
  const { id, kind, payload, attempts, dueAt, createdAt, expiresAt } = mail
  return {
    id,
    kind,
    payload,
    attempts,
    due_at: dueAt,
    created_at: createdAt,
    expires_at: expiresAt,
  }
}

function toQueuedMail(row: MailRow): QueuedMail {
  const { id, kind, payload, attempts } = row
  return {
    id,
    kind,
    payload,
    attempts,
    dueAt: row.due_at,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}
