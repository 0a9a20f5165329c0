// Own sessions: what a user sees of the places where they are logged in, and may end.

import { z } from 'zod'
import type { AuditLog } from '../audit/audit-log.ts'
import { type Clock, toTimestamp } from '../foundation/clock.ts'
import { problem } from '../http/problems.ts'
import type { RevokingStore } from '../revocation/revoking-store.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import type { SessionLives } from '../sessions/decide-refresh.ts'
import { toLiveSessionQuery } from '../sessions/live-session-query.ts'
import type { Session } from '../sessions/session.ts'
import type { SessionStore } from '../sessions/store.ts'

export interface OwnSessionsParts {
  readonly sessions: Pick<SessionStore, 'listLiveSessions'>
  readonly revoking: Pick<RevokingStore, 'endSession'>
  readonly lives: SessionLives
  readonly clock: Clock
  readonly audit: AuditLog
}

const sessionSchema = z
  .strictObject({
    id: z.string().meta({ examples: ['06h18npofg4let5pkl0da5olr4'] }),
    current: z.boolean().meta({ description: 'Whether this call belongs to it', examples: [true] }),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime(),
    userAgent: z
      .string()
      .nullable()
      .meta({ examples: ['Mozilla/5.0 …'] }),
    ip: z
      .string()
      .nullable()
      .meta({ examples: ['203.0.113.9'] }),
  })
  .meta({ id: 'Session' })

export function ownSessionsRoutes(parts: OwnSessionsParts): Route[] {
  return [listRoute(parts), endRoute(parts)]
}

function listRoute({ sessions, lives, clock }: OwnSessionsParts): Route {
  return defineRoute(
    {
      method: 'GET',
      path: '/api/auth/sessions',
      operationId: 'listSessions',
      tag: 'Sessions',
      summary: 'List your sessions',
      access: 'bearer',
      counting: 'caller',
      success: {
        status: 200,
        description: 'Living sessions, newest first',
        schema: z.strictObject({ sessions: z.array(sessionSchema) }),
      },
      problems: [],
    },
    async ({ principal }) => {
      const query = toLiveSessionQuery(principal.account, lives, clock())
      const found = await sessions.listLiveSessions(query)
      const shown = found.map((session) => describe(session, principal.sessionId))
      return { status: 200, body: { sessions: shown } }
    },
  )
}

function endRoute({ sessions, revoking, lives, clock, audit }: OwnSessionsParts): Route {
  return defineRoute(
    {
      method: 'DELETE',
      path: '/api/auth/sessions/{id}',
      operationId: 'endSession',
      tag: 'Sessions',
      summary: 'End one of your sessions',
      parameters: { id: 'Of a session in the list' },
      access: 'bearer',
      counting: 'caller',
      success: { status: 204, description: 'The session is over and its tokens are dead' },
      problems: ['not_found'],
    },
    async ({ principal, params, context }) => {
      const { account } = principal
      const sessionId = params['id'] ?? ''
      const own = await sessions.listLiveSessions(toLiveSessionQuery(account, lives, clock()))
      if (!own.some((session) => session.id === sessionId)) return problem('not_found')
      if (!(await revoking.endSession(sessionId, 'ended_by_user', clock()))) {
        return problem('not_found')
      }
      const detail = { reason: 'ended_by_user' }
      const facts = { actorId: account.id, subjectId: account.id, sessionId, detail }
      await audit.record('session.ended', facts, context)
      return { status: 204 }
    },
  )
}

function describe(session: Session, currentId: string): z.input<typeof sessionSchema> {
  return {
    id: session.id,
    current: session.id === currentId,
    createdAt: toTimestamp(session.createdAt),
    lastUsedAt: toTimestamp(session.lastUsedAt),
    userAgent: session.userAgent,
    ip: session.ip,
  }
}
