import { sql } from 'kysely'
import type { AuditEvent, AuditType } from '../../audit/event.ts'
import type { AuditStore } from '../../audit/store.ts'
import type { AuditEventRow } from './schema.ts'
import type { SqlDatabase } from './sql-database.ts'
import { compileStatement } from './statement.ts'

const eventColumns = [
  'id',
  'at',
  'type',
  'actor_id',
  'subject_id',
  'session_id',
  'ip',
  'user_agent',
  'request_id',
  'detail',
] as const satisfies (keyof AuditEventRow)[]

const append = compileStatement<AuditEventRow>((db, arg) =>
  db.insertInto('audit_events').values({
    id: arg('id'),
    at: arg<number>('at'),
    type: arg('type'),
    actor_id: arg('actor_id'),
    subject_id: arg('subject_id'),
    session_id: arg('session_id'),
    ip: arg('ip'),
    user_agent: arg('user_agent'),
    request_id: arg('request_id'),
    detail: arg('detail'),
  }),
)

const list = compileStatement<{ type: string | null; limit: number }, AuditEventRow>((db, arg) =>
  db
    .selectFrom('audit_events')
    .select(eventColumns)
    .where(sql<boolean>`type = coalesce(${arg('type')}, type)`)
    .orderBy('id', 'desc')
    .limit(arg<number>('limit')),
)

const listOfSubject = compileStatement<
  { subject: string; type: string | null; limit: number },
  AuditEventRow
>((db, arg) =>
  db
    .selectFrom('audit_events')
    .select(eventColumns)
    .where('subject_id', '=', arg('subject'))
    .where(sql<boolean>`type = coalesce(${arg('type')}, type)`)
    .orderBy('id', 'desc')
    .limit(arg<number>('limit')),
)

// Ids sort by time, so the oldest events are the first by id.
const prune = compileStatement<{ before: number; limit: number }>((db, arg) =>
  db
    .deleteFrom('audit_events')
    .where(
      'id',
      'in',
      db.selectFrom('audit_events').select('id').orderBy('id').limit(arg<number>('limit')),
    )
    .where('at', '<', arg<number>('before')),
)

export function createAuditStore(database: SqlDatabase): AuditStore {
  return {
    appendEvent: async (event) => {
      await database.write(append, toRow(event))
    },
    listEvents: async ({ limit, subjectId, type }) => {
      const filter = { type: type ?? null, limit }
      const rows =
        subjectId === undefined
          ? await database.all(list, filter)
          : await database.all(listOfSubject, { ...filter, subject: subjectId })
      return rows.map(toEvent)
    },
    pruneEvents: (before, limit) => database.write(prune, { before, limit }),
  }
}

function toRow(event: AuditEvent): AuditEventRow {
  return {
    id: event.id,
    at: event.at,
    type: event.type,
    actor_id: event.actorId,
    subject_id: event.subjectId,
    session_id: event.sessionId,
    ip: event.ip,
    user_agent: event.userAgent,
    request_id: event.requestId,
    detail: JSON.stringify(event.detail),
  }
}

function toEvent(row: AuditEventRow): AuditEvent {
  return {
    id: row.id,
    at: row.at,
    type: row.type as AuditType,
    actorId: row.actor_id,
    subjectId: row.subject_id,
    sessionId: row.session_id,
    ip: row.ip,
    userAgent: row.user_agent,
    requestId: row.request_id,
    detail: JSON.parse(row.detail),
  }
}
