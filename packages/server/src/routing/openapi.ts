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
      description: 'Accounts, access tokens and rotating refresh tokens.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: service.publicUrl }],
    tags: [...new Set(routes.map(({ contract }) => contract.tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        refreshCookie: { type: 'apiKey', in: 'cookie', name: service.cookieName },
        csrfToken: { type: 'apiKey', in: 'header', name: 'x-csrf-token' },
      },
    },
  }
}

function describeOperation(contract: Contract, schemas: Record<string, unknown>): object {
  const parameters = [...pathParameters(contract.path), ...queryParameters(contract)]
  return {
    operationId: contract.operationId,
    tags: [contract.tag],
    summary: contract.summary,
    ...(contract.description !== undefined && { description: contract.description }),
    ...(parameters.length > 0 && { parameters }),
    ...(contract.body && { requestBody: describeBody(contract.body, schemas) }),
    responses: describeResponses(contract, schemas),
    security: describeSecurity(contract),
  }
}

function describeBody(body: z.ZodType, schemas: Record<string, unknown>): object {
  const schema = renderSchema(body, 'input', schemas)
  return {
    required: !body.safeParse(undefined).success,
    content: { 'application/json': { schema } },
  }
}

function describeSecurity(contract: Contract): object[] {
  if (contract.cookie === 'acts') return [{ refreshCookie: [], csrfToken: [] }, {}]
  if (contract.cookie === 'reads') return [{ refreshCookie: [] }]
  return contract.access === 'anyone' ? [] : [{ bearer: [] }]
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
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
    return { content: { 'application/json': { schema } } }
  }
  if (success.contentType === undefined) return {}
  return { content: { [success.contentType]: { schema: { type: 'string' } } } }
}

/** The route's own problems and those that its guards may answer. */
export function problemsOf(contract: Contract): ProblemCode[] {
  const codes = new Set<ProblemCode>(contract.problems)
  if (contract.access !== 'anyone') codes.add('no_token').add('invalid_token')
  if (typeof contract.access === 'object') codes.add('insufficient_permissions')
  if (contract.body || contract.query) codes.add('invalid_request')
  if (contract.body) codes.add('payload_too_large').add('unsupported_media_type')
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
  const {
    $defs,
    $schema: _dialect,
    ...rendered
  } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  Object.assign(schemas, pointToComponents($defs ?? {}))
  return pointToComponents(rendered)
}

// Components refer to each other as well, and in a document there is no $defs to find them in.
function pointToComponents<T extends object>(schema: T): T {
  return JSON.parse(JSON.stringify(schema).replaceAll('#/$defs/', '#/components/schemas/')) as T
}

const problemSchema = {
  type: 'object',
  description: 'RFC 9457',
  required: ['type', 'status', 'code', 'message', 'requestId'],
  properties: {
    type: { type: 'string', pattern: '^urn:countersign:problem:' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(problemKinds) },
    message: { type: 'string' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'code', 'message'],
        properties: {
          path: { type: 'string' },
          code: { type: 'string' },
          message: { type: 'string' },
        },
      },
    },
  },
}
