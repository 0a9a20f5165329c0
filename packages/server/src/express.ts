// Door: guards for an Express application's own routes.

import {
  type ExpressGuards,
  expressGuards as guardsOf,
  type UserSource,
} from '@countersign/verify/express'
import type { Countersign } from './create-countersign.ts'
import { StoreUnavailableError } from './foundation/store-failure.ts'

export type { ExpressGuard, ExpressGuards, GuardedRequest } from '@countersign/verify/express'

/**
 * The guards of one Countersign: `const { requireAuth, requireRole } = expressGuards(auth)`. The account is read for
 * each request, so a disabled user or a changed role counts at once; `requireRole` throws when a role is not configured.
 */
export function expressGuards(auth: Pick<Countersign, 'authenticate' | 'settings'>): ExpressGuards {
  return guardsOf(currentUsers(auth), { roles: auth.settings.roles })
}

/** Who a token stands for, by the account as it is now. */
function currentUsers({ authenticate }: Pick<Countersign, 'authenticate'>): UserSource {
  return {
    findUser: async (token) => {
      try {
        const result = await authenticate(`Bearer ${token}`)
        return result.ok ? result.user : 'invalid_token'
      } catch (error) {
        // What is no outage is the host's to report.
        if (error instanceof StoreUnavailableError) return 'unavailable'
        throw error
      }
    },
  }
}
