import type { AuditEvent, AuditType } from '../../audit/event.ts'
import type { AuditStore } from '../../audit/store.ts'
import type { AuditEventDocument, Collections } from './documents.ts'
import { bounded } from './time-limit.ts'

export function createAuditStore({ auditEvents }: Pick<Collections, 'auditEvents'>): AuditStore {
  return {
    appendEvent: async (event) => {
      await auditEvents.insertOne(toDocument(event), bounded)
    },
    listEvents: async ({ limit, subjectId, type }) => {
      const filter = {
        ...(subjectId !== undefined && { subjectId }),
        ...(type !== undefined && { type }),
      }
      const found = auditEvents.find(filter, bounded).sort({ _id: -1 }).limit(limit)
      return (await found.toArray()).map(toEvent)
    },
    // Ids sort by time, so the oldest events are the first by id, and `at` needs no index.
    pruneEvents: async (before, limit) => {
      const options = { ...bounded, projection: { _id: 1 } }
      const oldest = await auditEvents.find({}, options).sort({ _id: 1 }).limit(limit).toArray()
      const { _id: last = '' } = oldest.at(-1) ?? {}
      const filter = { _id: { $lte: last }, at: { $lt: before } }
      return (await auditEvents.deleteMany(filter, bounded)).deletedCount
    },
  }
}

function toDocument({ id, detail, ...facts }: AuditEvent): AuditEventDocument {
  return { _id: id, ...facts, detail: JSON.stringify(detail) }
}

function toEvent({ _id, detail, ...facts }: AuditEventDocument): AuditEvent {
  return {
    id: _id,
    ...facts,
    type: facts.type as AuditType,
    detail: JSON.parse(detail) as AuditEvent['detail'],
  }
}
