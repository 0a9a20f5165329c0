// Introspection (RFC 7662): services ask whether an access token is good now. It owns the answer; whether the token is
// good is decided as for our own routes.

import { z } from 'zod'
import type { ProveBearer } from '../routing/authenticate-call.ts'
import { defineRoute, type Route } from '../routing/route.ts'

export interface IntrospectionParts {
  readonly proveBearer: ProveBearer
}

/** Section 2.2: nothing but this for a token that is no good, whatever the reason. */
const inactive = { status: 200, body: { active: false } } as const

export function introspectionRoutes({ proveBearer }: IntrospectionParts): Route[] {
  const introspect = defineRoute(
    {
      method: 'POST',
      path: '/api/auth/introspect',
      operationId: 'introspect',
      tag: 'Services',
      summary: 'Ask whether an access token is good now (RFC 7662)',
      access: 'service',
      counting: 'none',
      bodyType: 'form',
      body: z.looseObject({
        token: z
          .string()
          .min(1)
          .meta({ examples: ['eyJhbGciOiJFUzI1NiIs…'] }),
        token_type_hint: z
          .string()
          .optional()
          .meta({ examples: ['access_token'] }),
      }),
      success: {
        status: 200,
        description: 'The claims of the token, or `{"active": false}`',
        schema: z
          .looseObject({ active: z.boolean().meta({ examples: [true] }) })
          .meta({ id: 'Introspection' }),
      },
      problems: [],
    },
    async ({ body }) => {
      const proof = await proveBearer(`Bearer ${body.token}`)
      if (!proof.ok) return inactive
      const { account } = proof.principal
      const facts = { active: true, token_type: 'Bearer', username: account.username }
      return { status: 200, body: { ...proof.claims, ...facts } }
    },
  )
  return [introspect]
}
