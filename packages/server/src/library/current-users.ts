import type { UserSource } from '@countersign/verify/node'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import type { Authenticate } from './authenticate.ts'

/** Who a token stands for, by the account as it is now: a disabled user or a changed role counts at once. */
export function currentUsers({
  authenticate,
}: {
  readonly authenticate: Authenticate
}): UserSource {
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
