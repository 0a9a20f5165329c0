import type { Clock } from '../foundation/clock.ts'
import type { IdSource } from '../foundation/ids.ts'
import type { Logger } from '../foundation/logger.ts'
import type { AuditEvent, AuditType } from './event.ts'
import type { AuditStore } from './store.ts'

/** Where an act came from; a command line or a library call has no request. */
export interface AuditOrigin {
  readonly ip: string
  readonly userAgent: string | null
  readonly requestId: string
}

export type AuditFacts = Partial<Pick<AuditEvent, 'actorId' | 'subjectId' | 'sessionId' | 'detail'>>

export interface AuditLog {
  /** Resolves when the event is durable. Flows answer only after that, so no acknowledged act lacks its event. */
  record(type: AuditType, facts: AuditFacts, origin?: AuditOrigin): Promise<void>
}

export interface AuditLogParts {
  readonly store: Pick<AuditStore, 'appendEvent'>
  readonly newId: IdSource
  readonly clock: Clock
  readonly logger: Logger
  /** Told of every event after it is stored, and waited for: what warns the account's owner. */
  readonly notify?: ((event: AuditEvent) => Promise<void>) | undefined
  /**
   * The host's hook. It sees events after they are stored; what it throws is logged and changes nothing. It is called
   * before the flow goes on and not waited for: one that hangs must not hang every log-in.
   */
  readonly onEvent?: ((event: AuditEvent) => void | Promise<void>) | undefined
}

const warnings: ReadonlySet<AuditType> = new Set([
  'access.denied',
  'csrf.refused',
  'factor.cloned',
  'limit.exceeded',
  'password.change_failed',
  'password.common_accepted',
  'session.restored',
  'session.replayed_elsewhere',
  'session.theft',
  'service.refused',
  'sign_in.failed',
  'sign_in.many_accounts',
  'sign_in.many_addresses',
])

export function createAuditLog(parts: AuditLogParts): AuditLog {
  return {
    record: async (type, facts, origin) => {
      const event: AuditEvent = {
        id: parts.newId(),
        at: parts.clock(),
        type,
        actorId: facts.actorId ?? null,
        subjectId: facts.subjectId ?? null,
        sessionId: facts.sessionId ?? null,
        ip: origin?.ip ?? null,
        userAgent: origin?.userAgent ?? null,
        requestId: origin?.requestId ?? null,
        detail: facts.detail ?? {},
      }
      await parts.store.appendEvent(event)
      await parts.notify?.(event)
      parts.logger[warnings.has(type) ? 'warn' : 'info']({ audit: event }, type)
      void tellHost(parts, event)
    },
  }
}

async function tellHost(parts: AuditLogParts, event: AuditEvent): Promise<void> {
  try {
    await parts.onEvent?.(event)
  } catch (error) {
    parts.logger.error({ err: error, audit: event.type }, 'The onEvent hook failed')
  }
}
