import type { AuditFacts, AuditLog, AuditOrigin } from '../audit/audit-log.ts'
import type { AuditType } from '../audit/event.ts'
import { createTestClock } from '../foundation/deterministic.fixture.ts'
import { VolumeLimits } from '../limits/volume-limits.ts'
import { type ApplicationParts, createApplication, type RequestRecord } from './application.ts'
import { createCallCounter } from './count-call.ts'
import type { Route } from './route.ts'
import { createRouteTable } from './route-table.ts'

export interface RecordedEvent {
  readonly type: AuditType
  readonly facts: AuditFacts
  readonly origin: AuditOrigin | undefined
}

/** An audit log that only remembers. */
export function createTestAudit(): AuditLog & { readonly events: RecordedEvent[] } {
  const events: RecordedEvent[] = []
  return {
    events,
    record: async (type, facts, origin) => void events.push({ type, facts, origin }),
  }
}

/** The whole pipeline around these routes, with limits that tests do not reach by chance. */
export function createTestApplication(
  routes: readonly Route[],
  changes: Partial<ApplicationParts> = {},
) {
  const clock = createTestClock()
  const audit = createTestAudit()
  const records: RequestRecord[] = []
  const lines: [level: string, message: string, fields: object][] = []
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push([level, message, fields])
  let count = 0
  const application = createApplication({
    table: createRouteTable(routes),
    authenticate: async () => ({}),
    counter: createCallCounter({
      volume: new VolumeLimits(clock),
      audit,
      limits: {
        anonymous: { count: 5, windowSeconds: 60 },
        user: { count: 1_000, windowSeconds: 60 },
      },
      production: false,
      onAuditFailure: () => undefined,
    }),
    audit,
    origins: { own: 'https://auth.example.com', allowed: ['https://app.example.com'] },
    https: true,
    trustedProxies: 0,
    recentAuthenticationSeconds: 900,
    clock,
    logger: {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    },
    newRequestId: () => `request-${count++}`,
    onRequest: (record) => void records.push(record),
    ...changes,
  })
  return { application, audit, records, lines, clock }
}
