import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { type ProblemCode, problemKinds } from '../http/problems.ts'
import { describeRoutes, problemsOf } from './openapi.ts'
import { type Access, type Counting, defineRoute, type Route } from './route.ts'

interface Wish {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly access?: Access
  readonly counting?: Counting
  readonly body?: z.ZodType
  readonly query?: z.ZodType
  readonly cookie?: 'acts' | 'reads'
  readonly problems?: readonly ProblemCode[]
  readonly success?: {
    status: number
    description: string
    schema?: z.ZodType
    contentType?: string
    alsoAs?: string[]
    isRevalidated?: true
  }
}

function route(wish: Wish = {}): Route {
  return defineRoute(
    {
      method: 'POST',
      path: '/things/{id}',
      operationId: 'changeThing',
      tag: 'Things',
      summary: 'Change a thing',
      access: 'anyone',
      counting: 'none',
      success: { status: 204, description: 'Changed' },
      problems: [],
      ...wish,
    },
    () => ({ status: 204 }),
  )
}

interface Operation {
  readonly parameters?: readonly { name: string; in: string; required: boolean; schema: object }[]
  readonly requestBody?: { required: boolean; content: object }
  readonly responses: Record<string, { description: string; content?: Record<string, object> }>
  readonly security: object[]
}

interface Document {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { schemas: Record<string, object>; securitySchemes: Record<string, object> }
  readonly servers: object[]
  readonly tags: object[]
}

const service = {
  title: 'Countersign',
  version: '1.2.3',
  publicUrl: 'https://auth.example.com',
  cookieName: '__Host-refreshToken',
}

const documentOf = (routes: readonly Route[]): Document =>
  describeRoutes(routes, service) as Document

function operationOf(wish: Wish): Operation {
  return documentOf([route(wish)]).paths['/things/{id}']?.['post'] ?? assert.fail()
}

const problems = (wish: Wish): readonly ProblemCode[] =>
  problemsOf(route({ method: 'GET', ...wish }).contract)

describe('the OpenAPI document', () => {
  test('is of version 3.1 and says where the server is and how to log in', () => {
    const document = documentOf([route()])
    assert.match(document.openapi, /^3\.1\./)
    assert.deepEqual(document.servers, [{ url: 'https://auth.example.com' }])
    assert.deepEqual(document.tags, [{ name: 'Things' }])
    assert.deepEqual(document.components.securitySchemes['refreshCookie'], {
      type: 'apiKey',
      in: 'cookie',
      name: '__Host-refreshToken',
    })
  })

  test('has each parameter of path and query, and whether it is needed', () => {
    const query = z.strictObject({ q: z.string(), limit: z.coerce.number().default(50) })
    const { parameters = [] } = operationOf({ query })
    assert.deepEqual(
      parameters.map(({ name, in: where, required }) => [name, where, required]),
      [
        ['id', 'path', true],
        ['q', 'query', true],
        ['limit', 'query', false],
      ],
    )
  })

  test('has the body, required unless the route does without', () => {
    const body = z.strictObject({ name: z.string() })
    assert.equal(operationOf({ body }).requestBody?.required, true)
    assert.equal(operationOf({ body: body.optional() }).requestBody?.required, false)
    assert.equal(operationOf({}).requestBody, undefined)
  })

  test('names what a call has to carry', () => {
    assert.deepEqual(operationOf({}).security, [])
    assert.deepEqual(operationOf({ access: 'bearer' }).security, [{ bearer: [] }])
    assert.deepEqual(operationOf({ access: { role: 'admin' } }).security, [{ bearer: ['admin'] }])
    assert.deepEqual(operationOf({ access: 'service' }).security, [{ service: [] }])
    assert.deepEqual(operationOf({ cookie: 'acts' }).security, [
      { refreshCookie: [], csrfToken: [] },
      {},
    ])
  })

  test('lists the answers by status, with every problem of a status', () => {
    const schema = z.strictObject({ name: z.string() }).meta({ id: 'Thing' })
    const { responses } = operationOf({
      access: 'bearer',
      problems: ['invalid_credentials'],
      success: { status: 200, description: 'A thing', schema },
    })
    assert.deepEqual(Object.keys(responses), ['200', '400', '401', '413', '415', '500', '503'])
    const content = JSON.stringify(responses['401']?.content)
    for (const code of ['invalid_credentials', 'no_token', 'invalid_token']) {
      assert.ok(content.includes(`"${code}"`), code)
    }
    assert.ok(responses['401']?.description.includes(problemKinds.no_token.meaning))
  })

  test('keeps schemas with a name once, and refers to them', () => {
    const schema = z.strictObject({ name: z.string() }).meta({ id: 'Thing' })
    const list = z.strictObject({ things: z.array(schema) })
    const document = documentOf([
      route({ success: { status: 200, description: 'x', schema: list } }),
    ])
    assert.ok('Thing' in document.components.schemas)
    const text = JSON.stringify(document)
    assert.ok(text.includes('"#/components/schemas/Thing"'))
    assert.equal(text.includes('#/$defs/'), false)
  })

  test('says of another content type that it is text', () => {
    const success = { status: 200, description: 'x', contentType: 'text/plain' }
    assert.deepEqual(operationOf({ success }).responses['200']?.content, {
      'text/plain': { schema: { type: 'string' } },
    })
    assert.equal('content' in (operationOf({}).responses['204'] ?? {}), false)
  })
})

describe('an answer that has several forms', () => {
  test('names each of them, and the 304 where there is one', () => {
    const success = { status: 200, description: 'x', schema: z.strictObject({}) }
    const { responses } = operationOf({ success: { ...success, alsoAs: ['text/event-stream'] } })
    assert.deepEqual(Object.keys(responses['200']?.content ?? {}), [
      'application/json',
      'text/event-stream',
    ])
    assert.equal('304' in responses, false)
    assert.ok('304' in operationOf({ success: { ...success, isRevalidated: true } }).responses)
  })
})

describe('the problems of a route', () => {
  const always = ['internal', 'unavailable']

  test('are its own and those of its guards', () => {
    assert.deepEqual(problems({}), always)
    assert.deepEqual(problems({ problems: ['not_found'] }), ['not_found', ...always])
    assert.deepEqual(problems({ access: 'bearer' }), ['no_token', 'invalid_token', ...always])
    assert.deepEqual(problems({ access: { role: 'admin' } }), [
      'no_token',
      'invalid_token',
      'insufficient_permissions',
      ...always,
    ])
    assert.deepEqual(problems({ counting: 'caller' }), ['too_many_requests', ...always])
    assert.deepEqual(problems({ counting: 'session' }), ['too_many_requests', ...always])
    assert.deepEqual(problems({ query: z.strictObject({}) }), ['invalid_request', ...always])
    const ofBody = ['invalid_request', 'payload_too_large', 'unsupported_media_type', ...always]
    assert.deepEqual(problems({ method: 'POST', body: z.strictObject({}) }), ofBody)
    assert.deepEqual(problems({ method: 'DELETE' }), ofBody, 'of one that takes no body, too')
  })
})
