// Door: guards for a Hono application's own routes.

import { type HonoGuards, honoGuards as guardsOf } from '@countersign/verify/hono'
import type { Countersign } from './create-countersign.ts'
import { currentUsers } from './library/current-users.ts'

export type { HonoGuard, HonoGuards, VerifiedEnv } from '@countersign/verify/hono'

/**
 * The guards of one Countersign: `const { requireAuth, requireRole } = honoGuards(auth)`. The account is read for each
 * request, so a disabled user or a changed role counts at once; `requireRole` throws when a role is not configured.
 *
 * The routes need no door: `app.all('/api/*', (c) => auth.fetch(c.req.raw, { remoteAddress }))`.
 */
export function honoGuards(auth: Pick<Countersign, 'authenticate' | 'settings'>): HonoGuards {
  return guardsOf(currentUsers(auth), { roles: auth.settings.roles })
}
