// Administration: what administrators do to accounts. It owns the routes; the acts are administer-accounts.ts, which
// the library and the command line use as well.

import { z } from 'zod'
import type { AccountAdministration } from './administer-accounts.ts'
import { administratorRole } from '../accounts/last-administrator.ts'
import type { AccountOpener } from '../accounts/open-account.ts'
import { toAdministeredProfile, toProfile } from '../accounts/profile.ts'
import { recordAcceptedPassword } from '../accounts/record-accepted-password.ts'
import type { AccountStore } from '../accounts/store.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Clock } from '../foundation/clock.ts'
import { problem } from '../http/problems.ts'
import { explainAccountRefusal } from '../routing/explain-account-refusal.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import {
  administeredProfileSchema,
  emailSchema,
  newPasswordSchema,
  newUsernameSchema,
  profileSchema,
  roleSchema,
  shownUserSchema,
} from '../routing/schemas.ts'
import type { SessionLives } from '../sessions/decide-refresh.ts'
import { toLiveSessionQuery } from '../sessions/live-session-query.ts'
import type { SessionStore } from '../sessions/store.ts'
import { listAccountsRoute, type ListAccountsParts } from './list-accounts.ts'

export interface AdministrationParts extends ListAccountsParts {
  readonly accounts: Pick<AccountStore, 'findAccount' | 'listAccounts'>
  readonly sessions: Pick<SessionStore, 'countLiveSessions'>
  readonly administration: AccountAdministration
  readonly opener: AccountOpener
  readonly roles: readonly string[]
  readonly lives: SessionLives
  readonly clock: Clock
  readonly audit: AuditLog
}

const common = {
  tag: 'Administration',
  access: { role: administratorRole },
  counting: 'caller',
  parameters: { id: 'Of an account' },
} as const

export function administrationRoutes(parts: AdministrationParts): Route[] {
  return [
    listAccountsRoute(parts),
    createRoute(parts),
    showRoute(parts),
    changeRoute(parts),
    deleteRoute(parts),
    endSessionsRoute(parts),
  ]
}

function createRoute({ opener, audit }: AdministrationParts): Route {
  return defineRoute(
    {
      ...common,
      method: 'POST',
      path: '/api/users',
      operationId: 'createUser',
      recentAuthentication: true,
      summary: 'Create an account',
      body: z.strictObject({
        username: newUsernameSchema,
        password: newPasswordSchema,
        email: emailSchema.optional(),
        role: roleSchema.optional(),
      }),
      missingMessage: 'Username and password are required',
      success: { status: 201, description: 'The new account', schema: profileSchema },
      problems: ['username_taken', 'weak_password', 'busy'],
    },
    async ({ body, principal, context, proveAgain }) => {
      const prepared = await opener.prepare(body)
      if (!prepared.ok) return explainAccountRefusal(prepared)
      // The hash may have waited while this administrator was made one no longer.
      const refused = await proveAgain()
      if (refused) return refused
      const opened = await prepared.store()
      if (!opened.ok) return explainAccountRefusal(opened)
      const { account, warning } = opened
      const who = { actorId: principal.account.id, subjectId: account.id }
      await audit.record('account.created', { ...who, detail: { role: account.role } }, context)
      await recordAcceptedPassword(audit, warning, who, context)
      return { status: 201, body: toProfile(account) }
    },
  )
}

function showRoute({ accounts, sessions, lives, clock }: AdministrationParts): Route {
  return defineRoute(
    {
      ...common,
      method: 'GET',
      path: '/api/users/{id}',
      operationId: 'showUser',
      summary: 'Get an account',
      success: {
        status: 200,
        description: 'The profile, whether it is disabled, and how many sessions live',
        schema: shownUserSchema,
      },
      problems: ['not_found'],
    },
    async ({ params }) => {
      const account = await accounts.findAccount(params['id'] ?? '')
      if (account === undefined) return problem('not_found')
      const query = toLiveSessionQuery(account, lives, clock())
      const count = account.disabled ? 0 : await sessions.countLiveSessions(query)
      return { status: 200, body: { ...toAdministeredProfile(account), sessions: count } }
    },
  )
}

function changeRoute({ administration, roles }: AdministrationParts): Route {
  return defineRoute(
    {
      ...common,
      method: 'PATCH',
      path: '/api/users/{id}',
      operationId: 'changeUser',
      recentAuthentication: true,
      summary: 'Change a role, disable or enable an account',
      description:
        'Takes effect at once. A change of role keeps the sessions and kills the access tokens: clients refresh once. ' +
        'Disabling ends both.',
      body: z.strictObject({ role: roleSchema.optional(), disabled: z.boolean().optional() }),
      success: { status: 200, description: 'The profile', schema: administeredProfileSchema },
      problems: ['not_found', 'last_admin'],
    },
    async ({ body, params, principal, context, proveAgain: refuse }) => {
      if (body.role !== undefined && !roles.includes(body.role)) {
        return explainAccountRefusal({ ok: false, reason: 'unknown_role' })
      }
      const change = {
        ...(body.role !== undefined && { role: body.role }),
        ...(body.disabled !== undefined && { disabled: body.disabled }),
      }
      const actor = { actorId: principal.account.id, origin: context, refuse }
      const changed = await administration.change(params['id'] ?? '', change, actor)
      if (typeof changed === 'string') return problem(changed)
      if ('problem' in changed) return changed
      return { status: 200, body: toAdministeredProfile(changed) }
    },
  )
}

function deleteRoute({ administration }: AdministrationParts): Route {
  return defineRoute(
    {
      ...common,
      method: 'DELETE',
      path: '/api/users/{id}',
      operationId: 'deleteUser',
      recentAuthentication: true,
      summary: 'Delete an account',
      success: { status: 204, description: 'Personal data gone, sessions ended, tokens dead' },
      problems: ['not_found', 'last_admin'],
    },
    async ({ params, principal, context, proveAgain: refuse }) => {
      const actor = { actorId: principal.account.id, origin: context, refuse }
      const result = await administration.delete(params['id'] ?? '', actor)
      if (typeof result !== 'string') return result
      return result === 'deleted' ? { status: 204 } : problem(result)
    },
  )
}

function endSessionsRoute({ administration }: AdministrationParts): Route {
  return defineRoute(
    {
      ...common,
      method: 'DELETE',
      path: '/api/users/{id}/sessions',
      operationId: 'endUserSessions',
      recentAuthentication: true,
      summary: 'End every session of an account',
      success: { status: 204, description: 'Every session is over, every token dead' },
      problems: ['not_found'],
    },
    async ({ params, principal, context }) => {
      const actor = { actorId: principal.account.id, origin: context }
      const result = await administration.endSessions(params['id'] ?? '', actor)
      return result === 'ended' ? { status: 204 } : problem(result)
    },
  )
}
