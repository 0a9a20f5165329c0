import { z } from 'zod'
import type { FactorChanges } from '../authentication/change-factors.ts'
import { creationOptionsSchema, passkeyRegistrationSchema } from '../routing/passkey-schemas.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { enrollingTokenSchema, factorAddedSchema, factorNameSchema } from '../routing/schemas.ts'
import { createCreationOptions } from './ceremony-options.ts'
import { checkRegistration } from './check-registration.ts'
import { refusePasskey } from './record-refusal.ts'
import type { RelyingParty } from './relying-party.ts'

export interface PasskeyRegistrationParts {
  readonly relyingParty: RelyingParty
  readonly factorChanges: Pick<FactorChanges, 'admit' | 'add'>
  readonly settings: { readonly production: boolean }
}

/** Adding a passkey. */
export function passkeyRegistrationRoutes(parts: PasskeyRegistrationParts): Route[] {
  return [optionsRoute(parts), registerRoute(parts)]
}

function optionsRoute({ relyingParty, factorChanges }: PasskeyRegistrationParts): Route {
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/passkeys/register/options',
      operationId: 'passkeyRegistrationOptions',
      tag: 'Passkeys',
      summary: 'Begin to add a passkey',
      description:
        'For `navigator.credentials.create()`. It is good for five minutes and one passkey.',
      access: 'enrolling',
      recentAuthentication: true,
      counting: 'caller',
      body: z.strictObject({ mfaToken: enrollingTokenSchema }).optional(),
      success: {
        status: 200,
        description: 'What to ask the browser',
        schema: creationOptionsSchema,
      },
      problems: ['no_token', 'invalid_mfa_token'],
    },
    async ({ body, principal }) => {
      const admitted = await factorChanges.admit({ principal, mfaToken: body?.mfaToken })
      if ('problem' in admitted) return admitted
      const { account, factors } = admitted
      return { status: 200, body: { ...createCreationOptions(relyingParty, account, factors) } }
    },
  )
}

function registerRoute(parts: PasskeyRegistrationParts): Route {
  const { relyingParty, factorChanges, settings } = parts
  return defineRoute(
    {
      method: 'POST',
      path: '/api/auth/passkeys/register',
      operationId: 'registerPasskey',
      tag: 'Passkeys',
      summary: 'Add a passkey',
      description:
        'It is the whole log-in where it verifies its user, and the second factor of a log-in with the password. Every ' +
        'other session ends and every earlier access token is dead, the one of this call included: go on with the token ' +
        'of the answer. With an `mfaToken` the answer is that of the log-in, which it completes.',
      access: 'enrolling',
      recentAuthentication: true,
      counting: 'caller',
      body: z.strictObject({
        response: passkeyRegistrationSchema,
        name: factorNameSchema.optional(),
        mfaToken: enrollingTokenSchema,
      }),
      success: { status: 200, description: 'It is added', schema: factorAddedSchema },
      problems: [
        'no_token',
        'invalid_mfa_token',
        'invalid_passkey',
        'factor_exists',
        'too_many_factors',
      ],
    },
    async ({ body: { response, name = 'Passkey', mfaToken }, principal, context }) => {
      const request = { principal, mfaToken }
      const admitted = await factorChanges.admit(request)
      if ('problem' in admitted) return admitted
      const checked = await checkRegistration(relyingParty, admitted.account, response)
      if (!checked.ok) return refusePasskey(checked.reason, settings.production)
      return factorChanges.add(request, { factor: { ...checked.passkey, name } }, context)
    },
  )
}
