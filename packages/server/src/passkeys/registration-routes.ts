import { z } from 'zod'
import type { AuditLog } from '../audit/audit-log.ts'
import { loadLivingFactors } from '../factors/factor.ts'
import type { FactorStore } from '../factors/store.ts'
import { problem } from '../http/problems.ts'
import { creationOptionsSchema, passkeyRegistrationSchema } from '../routing/passkey-schemas.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { createCreationOptions } from './ceremony-options.ts'
import { registerPasskey, type RegisterPasskeyParts } from './register-passkey.ts'

export interface PasskeyRegistrationParts extends RegisterPasskeyParts {
  readonly factors: RegisterPasskeyParts['factors'] & Pick<FactorStore, 'listFactors'>
  readonly audit: AuditLog
}

/** Adding a passkey. */
export function passkeyRegistrationRoutes(parts: PasskeyRegistrationParts): Route[] {
  return [optionsRoute(parts), registerRoute(parts)]
}

function optionsRoute({ relyingParty, factors }: PasskeyRegistrationParts): Route {
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/passkeys/register/options',
      operationId: 'passkeyRegistrationOptions',
      tag: 'Passkeys',
      summary: 'Begin to add a passkey',
      description:
        'For `navigator.credentials.create()`. It is good for five minutes and one passkey.',
      access: 'bearer',
      recentAuthentication: true,
      counting: 'caller',
      success: {
        status: 200,
        description: 'What to ask the browser',
        schema: creationOptionsSchema,
      },
      problems: [],
    },
    async ({ principal: { account } }) => {
      const living = await loadLivingFactors(factors, account)
      return { status: 200, body: { ...createCreationOptions(relyingParty, account, living) } }
    },
  )
}

function registerRoute(parts: PasskeyRegistrationParts): Route {
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/passkeys/register',
      operationId: 'registerPasskey',
      tag: 'Passkeys',
      summary: 'Add a passkey',
      access: 'bearer',
      recentAuthentication: true,
      counting: 'caller',
      body: z.strictObject({
        response: passkeyRegistrationSchema,
        name: z.string().min(1).max(64).optional(),
      }),
      success: { status: 204, description: 'It is added' },
      problems: ['invalid_passkey'],
    },
    async ({ body: { response, name = 'Passkey' }, principal, context }) => {
      const { account, sessionId } = principal
      const registered = await registerPasskey(parts, account, { response, name })
      if (!registered.ok) return problem('invalid_passkey')
      const who = { actorId: account.id, subjectId: account.id, sessionId }
      await parts.audit.record('factor.added', { ...who, detail: { factor: 'passkey' } }, context)
      return { status: 204 }
    },
  )
}
