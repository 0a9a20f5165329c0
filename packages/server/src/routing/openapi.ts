import { z } from 'zod'
import { type ProblemCode, problemKinds } from '../http/problems.ts'
import type { Route, RouteContract } from './route.ts'

type Contract = RouteContract<z.ZodType, z.ZodType>

export interface ServiceDescription {
  readonly title: string
  readonly version: string
  readonly publicUrl: string
  /** The name of the refresh cookie. */
  readonly cookieName: string
}

/** An OpenAPI 3.1 document. Its schemas are JSON Schema 2020-12, which is what zod renders. */
export function describeRoutes(routes: readonly Route[], service: ServiceDescription): object {
  const schemas: Record<string, unknown> = { Problem: problemSchema }
  const paths: Record<string, Record<string, unknown>> = {}
  for (const { contract } of routes) {
    const operations = (paths[contract.path] ??= {})
    operations[contract.method.toLowerCase()] = describeOperation(contract, schemas)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: service.title,
      version: service.version,
      description: introduction,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: service.publicUrl }],
    tags: describeTags(routes),
    paths,
    components: {
      schemas,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        refreshCookie: { type: 'apiKey', in: 'cookie', name: service.cookieName },
        csrfToken: { type: 'apiKey', in: 'header', name: 'x-csrf-token' },
        service: { type: 'http', scheme: 'basic' },
      },
    },
  }
}

const introduction = [
  '**Register and log in**: the answer has an access token (a JWT, RFC 9068) for `Authorization: Bearer`, and sets a ' +
    'refresh token in an httpOnly cookie. Programs ask for `"delivery": "body"` and keep the refresh token themselves.',
  '**When the access token ends** (`expiresIn` seconds), `POST /api/auth/refresh` trades the refresh token for its ' +
    'successor and a fresh access token. Calls that use the cookie send the `csrfToken` of the log-in as ' +
    '`x-csrf-token`. A repeated or concurrent refresh does no harm; a stolen token ends the session.',
  '**Other services** verify access tokens with the keys at `/.well-known/jwks.json`.',
].join('\n\n')

const tagDescriptions: Readonly<Record<string, string>> = {
  Authentication: 'From a name and a password to tokens, on to fresh ones, and out again.',
  Passkeys:
    'Log in without a password, or prove a second factor (WebAuthn Level 3). Its options and answers are the JSON of browsers.',
  Sessions: 'Where a user is logged in.',
  Users: 'The own account.',
  Administration:
    'Accounts of others. What is changed here counts at the next request, everywhere.',
  Services: 'For programs that verify tokens by themselves, with a credential of their own.',
  Discovery: 'What other services need to trust the tokens.',
  Health: 'For balancers and orchestrators.',
  Documentation: 'This contract.',
}

function describeTags(routes: readonly Route[]): object[] {
  const names = new Set(routes.map(({ contract }) => contract.tag))
  return [...names].map((name) => {
    const description = tagDescriptions[name]
    return description === undefined ? { name } : { name, description }
  })
}

function describeOperation(contract: Contract, schemas: Record<string, unknown>): object {
  const parameters = [...pathParameters(contract), ...queryParameters(contract)]
  return {
    operationId: contract.operationId,
    tags: [contract.tag],
    summary: contract.summary,
    ...(contract.description !== undefined && { description: contract.description }),
    ...(parameters.length > 0 && { parameters }),
    ...(contract.body && { requestBody: describeBody(contract.body, contract.bodyType, schemas) }),
    responses: describeResponses(contract, schemas),
    security: describeSecurity(contract),
  }
}

function describeBody(
  body: z.ZodType,
  bodyType: Contract['bodyType'],
  schemas: Record<string, unknown>,
): object {
  const schema = renderSchema(body, 'input', schemas)
  const type = bodyType === 'form' ? 'application/x-www-form-urlencoded' : 'application/json'
  return {
    required: !body.safeParse(undefined).success,
    content: { [type]: { schema } },
  }
}

function describeSecurity(contract: Contract): object[] {
  if (contract.cookie === 'acts') return [{ refreshCookie: [], csrfToken: [] }, {}]
  if (contract.cookie === 'reads') return [{ refreshCookie: [] }]
  if (contract.access === 'anyone') return []
  if (contract.access === 'service') return [{ service: [] }]
  // Without a token when the body brings an mfaToken.
  if (contract.access === 'enrolling') return [{ bearer: [] }, {}]
  // Beside OAuth the list holds role names (OpenAPI 3.1, Security Requirement Object).
  return [{ bearer: typeof contract.access === 'object' ? [contract.access.role] : [] }]
}

function pathParameters({ path, parameters = {} }: Contract): object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    ...(parameters[name] !== undefined && { description: parameters[name] }),
    schema: { type: 'string' },
  }))
}

function queryParameters(contract: Contract): object[] {
  if (contract.query === undefined) return []
  const schema = z.toJSONSchema(contract.query, { io: 'input' })
  const required = new Set(schema.required)
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: 'query',
    required: required.has(name),
    schema: property,
  }))
}

function describeResponses(contract: Contract, schemas: Record<string, unknown>): object {
  const { success } = contract
  const responses: Record<string, unknown> = {
    [success.status]: {
      description: success.description,
      ...describeSuccessContent(success, schemas),
    },
    ...(success.isRevalidated && {
      304: { description: 'What `If-None-Match` names is still what would be sent' },
    }),
  }
  for (const [status, codes] of groupByStatus(problemsOf(contract))) {
    responses[status] = {
      description: codes.map((code) => `\`${code}\`: ${problemKinds[code].meaning}`).join('\n\n'),
      content: {
        'application/problem+json': {
          schema: {
            allOf: [
              { $ref: '#/components/schemas/Problem' },
              { type: 'object', properties: { code: { enum: codes } } },
            ],
          },
        },
      },
    }
  }
  return responses
}

function describeSuccessContent(
  success: Contract['success'],
  schemas: Record<string, unknown>,
): object {
  if (success.schema) {
    const schema = renderSchema(success.schema, 'output', schemas)
    const others = (success.alsoAs ?? []).map((type) => [type, { schema: { type: 'string' } }])
    return { content: { 'application/json': { schema }, ...Object.fromEntries(others) } }
  }
  if (success.contentType === undefined) return {}
  return { content: { [success.contentType]: { schema: { type: 'string' } } } }
}

/** The route's own problems and those that its guards may answer. */
export function problemsOf(contract: Contract): ProblemCode[] {
  const codes = new Set<ProblemCode>(contract.problems)
  if (contract.access === 'service')
    codes.add('invalid_service_credential').add('too_many_requests')
  else if (contract.access !== 'anyone') codes.add('no_token').add('invalid_token')
  if (typeof contract.access === 'object') codes.add('insufficient_permissions')
  if (contract.recentAuthentication) codes.add('insufficient_user_authentication')
  // Whoever takes no body refuses one.
  const mayHaveBody = contract.method !== 'GET'
  if (mayHaveBody || contract.query) codes.add('invalid_request')
  if (mayHaveBody) codes.add('payload_too_large').add('unsupported_media_type')
  if (contract.counting !== 'none') codes.add('too_many_requests')
  codes.add('internal').add('unavailable')
  return [...codes]
}

function groupByStatus(codes: readonly ProblemCode[]): Map<number, ProblemCode[]> {
  const groups = new Map<number, ProblemCode[]>()
  for (const code of codes) {
    const { status } = problemKinds[code]
    groups.set(status, [...(groups.get(status) ?? []), code])
  }
  return groups
}

/** Renders a schema; those with an id become components that the others refer to. */
function renderSchema(
  schema: z.ZodType,
  io: 'input' | 'output',
  schemas: Record<string, unknown>,
): unknown {
  const rendered = z.toJSONSchema(schema, { io, unrepresentable: 'any', override: dropNoise })
  const text = JSON.stringify(rendered).replaceAll('#/$defs/', '#/components/schemas/')
  const { $defs, $schema: _dialect, ...own } = JSON.parse(text)
  Object.assign(schemas, $defs)
  return own
}

// zod spells out the safe integers and the grammar of times, which their type and format say already.
function dropNoise({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
}

const problemSchema = {
  type: 'object',
  description: 'RFC 9457',
  required: ['type', 'status', 'code', 'message', 'requestId'],
  properties: {
    type: {
      type: 'string',
      pattern: '^urn:countersign:problem:',
      examples: ['urn:countersign:problem:invalid_request'],
    },
    status: { type: 'integer', examples: [400] },
    code: {
      type: 'string',
      enum: Object.keys(problemKinds),
      'x-enumDescriptions': Object.fromEntries(
        Object.entries(problemKinds).map(([code, { meaning }]) => [code, meaning]),
      ),
    },
    message: {
      type: 'string',
      description: 'For people',
      examples: [problemKinds.invalid_request.message],
    },
    requestId: {
      type: 'string',
      description: 'The same as the x-request-id header',
      examples: ['Yb3nQ0xkSPaT-4f'],
    },
    errors: {
      type: 'array',
      description: 'Where members of the request are at fault',
      items: {
        type: 'object',
        required: ['path', 'code', 'message'],
        properties: {
          path: { type: 'string', examples: ['username'] },
          code: { type: 'string', examples: ['required'] },
          message: { type: 'string', examples: ['A value is required'] },
        },
      },
    },
  },
}
