// Door: guards for an application on node:http.

import { type NodeGuards, nodeGuards as guardsOf } from '@countersign/verify/node'
import type { Countersign } from './create-countersign.ts'
import { currentUsers } from './library/current-users.ts'

export type { NodeGuard, NodeGuards } from '@countersign/verify/node'

/**
 * The guards of one Countersign: `const user = await requireAuth(request, response)`, and return when there is none. The
 * account is read for each request, so a disabled user or a changed role counts at once; `requireRole` throws when a
 * role is not configured.
 */
export function nodeGuards(auth: Pick<Countersign, 'authenticate' | 'settings'>): NodeGuards {
  return guardsOf(currentUsers(auth), { roles: auth.settings.roles })
}
