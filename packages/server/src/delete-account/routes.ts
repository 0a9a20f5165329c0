// Delete account: a user's own, for good. It owns the route; the act is that of administration, so that the last
// administrator stays.

import type { Account } from '../accounts/account.ts'
import { verifiedEmail } from '../accounts/email-address.ts'
import { clearedCookie, type CredentialParts } from '../credentials/token-answer.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { AuditOrigin } from '../audit/audit-log.ts'
import { defineRoute, type Route } from '../routing/route.ts'

export interface DeleteAccountParts {
  readonly administration: {
    delete(
      id: string,
      actor: {
        readonly actorId: string | null
        readonly origin?: AuditOrigin
        readonly refuse?: () => Promise<Problem | undefined>
      },
    ): Promise<'deleted' | 'last_admin' | 'not_found' | Problem>
  }
  readonly credentials: Pick<CredentialParts, 'cookie'>
  /** Tells the mailbox that the account had; undefined where mails go nowhere. */
  readonly tellDeleted:
    | ((account: Account, address: string, origin: AuditOrigin) => Promise<void>)
    | undefined
}

export function deleteAccountRoutes(parts: DeleteAccountParts): Route[] {
  const remove = defineRoute(
    {
      method: 'DELETE',
      // Not DELETE /api/users: an administrator's call whose id came out empty would delete the administrator.
      path: '/api/auth/account',
      operationId: 'deleteOwnAccount',
      tag: 'Users',
      summary: 'Delete your account',
      description: 'For good: personal data is gone, sessions end, tokens are dead.',
      access: 'bearer',
      recentAuthentication: true,
      counting: 'caller',
      success: { status: 204, description: 'The account is gone' },
      problems: ['last_admin'],
    },
    async ({ principal, context, proveAgain: refuse }) => {
      const { account } = principal
      const address = verifiedEmail(account)?.address
      const actor = { actorId: account.id, origin: context, refuse }
      const result = await parts.administration.delete(account.id, actor)
      if (typeof result !== 'string') return result
      if (result === 'last_admin') return problem('last_admin')
      if (result === 'not_found') return problem('invalid_token')
      if (address !== undefined) await parts.tellDeleted?.(account, address, context)
      return { status: 204, cookies: [clearedCookie(parts.credentials.cookie)] }
    },
  )
  return [remove]
}
