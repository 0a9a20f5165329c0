// Own factors: what a user sees of their second factors, whatever their kind, and how one is named or removed. How one is
// added belongs to the flow of its kind.

import { z } from 'zod'
import type { FactorChanges } from '../authentication/change-factors.ts'
import { showFactor } from '../authentication/shown-factor.ts'
import { loadLivingFactors } from '../factors/factor.ts'
import type { FactorStore } from '../factors/store.ts'
import { problem } from '../http/problems.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { accessAnswerSchema, factorNameSchema, shownFactorSchema } from '../routing/schemas.ts'

export interface OwnFactorsParts {
  readonly factors: Pick<FactorStore, 'listFactors' | 'renameFactor'>
  readonly factorChanges: Pick<FactorChanges, 'remove'>
}

const parameters = { id: 'Of a factor in the list' }

export function ownFactorsRoutes(parts: OwnFactorsParts): Route[] {
  return [listRoute(parts), renameRoute(parts), removeRoute(parts)]
}

function listRoute({ factors }: OwnFactorsParts): Route {
  return defineRoute(
    {
      method: 'GET',
      path: '/api/auth/mfa/factors',
      operationId: 'listFactors',
      tag: 'Second factors',
      summary: 'List your second factors',
      access: 'bearer',
      counting: 'caller',
      success: {
        status: 200,
        description: 'Oldest first; the recovery codes are one of them',
        schema: z.strictObject({ factors: z.array(shownFactorSchema) }),
      },
      problems: [],
    },
    async ({ principal }) => {
      const living = await loadLivingFactors(factors, principal.account)
      return { status: 200, body: { factors: living.map(showFactor) } }
    },
  )
}

function renameRoute({ factors }: OwnFactorsParts): Route {
  return defineRoute(
    {
      method: 'PATCH',
      path: '/api/auth/mfa/factors/{id}',
      operationId: 'renameFactor',
      tag: 'Second factors',
      summary: 'Name one of your second factors',
      parameters,
      access: 'bearer',
      recentAuthentication: true,
      counting: 'caller',
      body: z.strictObject({ name: factorNameSchema }),
      success: { status: 200, description: 'The factor', schema: shownFactorSchema },
      problems: ['not_found'],
    },
    async ({ principal: { account }, params, body }) => {
      const living = await loadLivingFactors(factors, account)
      const factor = living.find(({ id }) => id === params['id'])
      if (factor === undefined) return problem('not_found')
      const isRenamed = await factors.renameFactor(account.id, factor.id, body.name)
      if (!isRenamed) return problem('not_found')
      return { status: 200, body: showFactor({ ...factor, name: body.name }) }
    },
  )
}

function removeRoute({ factorChanges }: OwnFactorsParts): Route {
  return defineRoute(
    {
      method: 'DELETE',
      path: '/api/auth/mfa/factors/{id}',
      operationId: 'removeFactor',
      tag: 'Second factors',
      summary: 'Remove one of your second factors',
      description:
        'Every other session ends and every earlier access token is dead, the one of this call included: go on with the ' +
        'token of the answer. Recovery codes go with the last factor that they could stand in for.',
      parameters,
      access: 'bearer',
      recentAuthentication: true,
      counting: 'caller',
      success: { status: 200, description: 'A fresh access token', schema: accessAnswerSchema },
      problems: ['not_found', 'last_factor'],
    },
    ({ principal, params, context }) =>
      factorChanges.remove(principal, params['id'] ?? '', context),
  )
}
