// Door: guards for an Express application's own routes.

import { type ExpressGuards, expressGuards as guardsOf } from '@countersign/verify/express'
import type { Countersign } from './create-countersign.ts'
import { currentUsers } from './library/current-users.ts'

export type { ExpressGuard, ExpressGuards, GuardedRequest } from '@countersign/verify/express'

/**
 * The guards of one Countersign: `const { requireAuth, requireRole } = expressGuards(auth)`. The account is read for
 * each request, so a disabled user or a changed role counts at once; `requireRole` throws when a role is not configured.
 */
export function expressGuards(auth: Pick<Countersign, 'authenticate' | 'settings'>): ExpressGuards {
  return guardsOf(currentUsers(auth), { roles: auth.settings.roles })
}
