// Security events: what happened to an account, as its owner may see it.

import { z } from 'zod'
import type { AuditEvent } from '../audit/event.ts'
import type { AuditStore } from '../audit/store.ts'
import { toTimestamp } from '../foundation/clock.ts'
import { readDigits } from '../routing/read-query.ts'
import { defineRoute, type Route } from '../routing/route.ts'

export interface SecurityEventsParts {
  readonly events: Pick<AuditStore, 'listEvents'>
}

const eventSchema = z
  .strictObject({
    id: z.string().meta({ examples: ['06h18npofg4let5pkl0da5olr4'] }),
    type: z.string().meta({ examples: ['sign_in.succeeded'] }),
    at: z.iso.datetime(),
    byYou: z.boolean().meta({
      description: 'False when it was an administrator, the host, or nobody who is known',
      examples: [true],
    }),
    current: z.boolean().meta({ description: 'Whether it was in the session of this call' }),
    ip: z
      .string()
      .nullable()
      .meta({ examples: ['203.0.113.9'] }),
    userAgent: z
      .string()
      .nullable()
      .meta({ examples: ['Mozilla/5.0 …'] }),
  })
  .meta({ id: 'SecurityEvent' })

export function securityEventsRoutes({ events }: SecurityEventsParts): Route[] {
  const list = defineRoute(
    {
      method: 'GET',
      path: '/api/auth/events',
      operationId: 'listSecurityEvents',
      tag: 'Sessions',
      summary: 'List what happened to your account lately',
      access: 'bearer',
      counting: 'caller',
      query: z.strictObject({
        limit: z.preprocess(readDigits, z.int().min(1).max(100).meta({ default: 50 })).default(50),
      }),
      success: {
        status: 200,
        description: 'The latest first',
        schema: z.strictObject({ events: z.array(eventSchema) }),
      },
      problems: [],
    },
    async ({ principal, query }) => {
      const { account, sessionId } = principal
      const found = await events.listEvents({ subjectId: account.id, limit: query.limit })
      const shown = found.map((event) => describe(event, account.id, sessionId))
      return { status: 200, body: { events: shown } }
    },
  )
  return [list]
}

function describe(
  event: AuditEvent,
  accountId: string,
  sessionId: string,
): z.input<typeof eventSchema> {
  const byYou = event.actorId === accountId
  // Where an administrator sat is not the user's to know; where a stranger tried is.
  const isAnothers = event.actorId !== null && !byYou
  return {
    id: event.id,
    type: event.type,
    at: toTimestamp(event.at),
    byYou,
    current: event.sessionId === sessionId,
    ip: isAnothers ? null : event.ip,
    userAgent: isAnothers ? null : event.userAgent,
  }
}
