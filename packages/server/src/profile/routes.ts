// Profile: what users see and change of their own account, and what anyone may know of this service.

import { z } from 'zod'
import { isEmail } from '../accounts/email.ts'
import { verifiedEmail } from '../accounts/email-address.ts'
import { toProfile } from '../accounts/profile.ts'
import type { AccountStore } from '../accounts/store.ts'
import { parseUsername } from '../accounts/username.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Clock } from '../foundation/clock.ts'
import { problem } from '../http/problems.ts'
import { explainAccountRefusal, invalidMember } from '../routing/explain-account-refusal.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { emailSchema, newUsernameSchema, profileSchema } from '../routing/schemas.ts'

export interface ProfileParts {
  readonly accounts: Pick<AccountStore, 'changeProfile'>
  readonly audit: AuditLog
  readonly clock: Clock
  readonly service: {
    readonly name: string
    readonly version: string
    readonly registration: 'open' | 'closed'
  }
}

export function profileRoutes(parts: ProfileParts): Route[] {
  return [publicRoute(parts), ownProfileRoute(), changeProfileRoute(parts)]
}

function publicRoute({ service }: ProfileParts): Route {
  return defineRoute(
    {
      method: 'GET',
      path: '/api/users/public',
      operationId: 'publicInformation',
      tag: 'Users',
      summary: 'About this service',
      access: 'anyone',
      counting: 'caller',
      success: {
        status: 200,
        description: 'Name, version, and whether registration is open',
        schema: z.strictObject({
          name: z.string().meta({ examples: ['Countersign'] }),
          version: z.string().meta({ examples: ['1.0.0'] }),
          registration: z.enum(['open', 'closed']),
        }),
      },
      problems: [],
    },
    () => ({ status: 200, body: service }),
  )
}

function ownProfileRoute(): Route {
  return defineRoute(
    {
      method: 'GET',
      path: '/api/users',
      operationId: 'ownProfile',
      tag: 'Users',
      summary: 'Get your profile',
      access: 'bearer',
      counting: 'caller',
      success: { status: 200, description: 'The profile', schema: profileSchema },
      problems: [],
    },
    ({ principal }) => ({ status: 200, body: toProfile(principal.account) }),
  )
}

function changeProfileRoute({ accounts, audit, clock }: ProfileParts): Route {
  return defineRoute(
    {
      method: 'PUT',
      path: '/api/users',
      operationId: 'changeProfile',
      tag: 'Users',
      summary: 'Change your profile',
      description:
        'What is not sent stays as it is; `email: null` removes the address. A verified address is changed with POST /api/auth/email.',
      access: 'bearer',
      counting: 'caller',
      body: z.strictObject({
        username: newUsernameSchema.optional(),
        email: emailSchema.nullable().optional(),
      }),
      success: { status: 200, description: 'The profile after the change', schema: profileSchema },
      problems: ['username_taken'],
    },
    async ({ body, principal, context }) => {
      const username = body.username === undefined ? undefined : parseUsername(body.username)
      if (body.username !== undefined && username === undefined) {
        return explainAccountRefusal({ ok: false, reason: 'invalid_username' })
      }
      if (typeof body.email === 'string' && !isEmail(body.email)) {
        return explainAccountRefusal({ ok: false, reason: 'invalid_email' })
      }
      const { account, sessionId } = principal
      const { id } = account
      // What is so already is no change: written again, a verified address would count as one that is not.
      const renames = username !== undefined && username.shown !== account.username
      const readdresses = body.email !== undefined && body.email !== account.email
      if (!renames && !readdresses) return { status: 200, body: toProfile(account) }
      // Else whoever holds an access token for a moment could make the way back in their own.
      if (readdresses && verifiedEmail(account)) {
        return invalidMember('email', 'A verified address is changed with POST /api/auth/email')
      }
      const change = {
        ...(renames && { username }),
        ...(body.email !== undefined && readdresses && { email: body.email }),
      }
      const changed = await accounts.changeProfile(id, change, clock())
      if (changed === 'username_taken') return problem('username_taken')
      if (changed === 'not_found') return problem('invalid_token')
      const detail = { username: renames, email: readdresses }
      const facts = { actorId: id, subjectId: id, sessionId, detail }
      await audit.record('account.profile_changed', facts, context)
      return { status: 200, body: toProfile(changed) }
    },
  )
}
