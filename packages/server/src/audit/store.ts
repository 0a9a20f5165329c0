import type { AuditEvent, AuditType } from './event.ts'

export interface AuditStore {
  appendEvent(event: AuditEvent): Promise<void>
  /** Newest first. */
  listEvents(query: {
    readonly limit: number
    readonly subjectId?: string
    readonly type?: AuditType
  }): Promise<readonly AuditEvent[]>
  /** Deletes up to `limit` events from before this time. */
  pruneEvents(before: number, limit: number): Promise<number>
}
