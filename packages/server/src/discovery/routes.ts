// Discovery: what other services read to verify our tokens by themselves (RFC 7517, RFC 8414).

import { z } from 'zod'
import type { Keyring } from '../keys/keyring.ts'
import { defineRoute, type Route } from '../routing/route.ts'

export interface DiscoveryParts {
  readonly keyring: Keyring
  readonly issuer: string
  readonly publicUrl: string
  readonly documentation: boolean
}

const tag = 'Discovery'
const jsonType = 'application/json; charset=utf-8'

export function discoveryRoutes(parts: DiscoveryParts): Route[] {
  return [keySetRoute(parts), metadataRoute(parts)]
}

function keySetRoute({ keyring }: DiscoveryParts): Route {
  return defineRoute(
    {
      method: 'GET',
      path: '/.well-known/jwks.json',
      operationId: 'keySet',
      tag,
      summary: 'Public keys (JWK Set, RFC 7517)',
      description:
        'A key stands here for longer than max-age before it signs, and until its last token is over.',
      access: 'anyone',
      counting: 'none',
      success: {
        status: 200,
        description: 'A JWK set; empty when tokens are signed with a shared secret',
        schema: z.strictObject({
          keys: z.array(z.looseObject({ kid: z.string().meta({ examples: ['k7cXn2Vd'] }) })),
        }),
      },
      problems: [],
    },
    () => {
      const { body, maxAgeSeconds } = keyring.jwks()
      return publicDocument(body, maxAgeSeconds)
    },
  )
}

function metadataRoute({ issuer, publicUrl, documentation }: DiscoveryParts): Route {
  const metadata = {
    issuer,
    jwks_uri: `${publicUrl}/.well-known/jwks.json`,
    response_types_supported: [],
    grant_types_supported: [],
    introspection_endpoint: `${publicUrl}/api/auth/introspect`,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic'],
    revocations_endpoint: `${publicUrl}/api/auth/revocations`,
    ...(documentation && { service_documentation: `${publicUrl}/docs` }),
  }
  return defineRoute(
    {
      method: 'GET',
      path: '/.well-known/oauth-authorization-server',
      operationId: 'serverMetadata',
      tag,
      summary: 'Server metadata (RFC 8414)',
      access: 'anyone',
      counting: 'none',
      success: {
        status: 200,
        description: 'Issuer and key set; this server offers no OAuth grants',
        schema: z.looseObject({
          issuer: z.string().meta({ examples: ['https://auth.example.com'] }),
          jwks_uri: z
            .string()
            .meta({ examples: ['https://auth.example.com/.well-known/jwks.json'] }),
        }),
      },
      problems: [],
    },
    () => publicDocument(metadata, 3600),
  )
}

// Public by nature: any page of any origin may read it.
function publicDocument(body: object, maxAgeSeconds: number) {
  return {
    status: 200,
    raw: JSON.stringify(body),
    headers: {
      'content-type': jsonType,
      'cache-control': `public, max-age=${maxAgeSeconds}`,
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
    },
  }
}
