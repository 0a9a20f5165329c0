// The OpenAPI document as the server publishes it, and what it says about a request or an answer. The suite generates
// its walks from it, so a new route is attacked without anybody thinking of it.

import assert from 'node:assert/strict'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { type Answer, call, type JsonObject } from '../client/call.fixture.ts'

export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly [keyword: string]: unknown
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly schema: JsonSchema
}

export interface Operation {
  readonly id: string
  readonly method: string
  /** With parameters in braces. */
  readonly path: string
  readonly parameters: readonly Parameter[]
  readonly body: JsonSchema | undefined
  readonly isBodyRequired: boolean
  /** Needs an access token. */
  readonly needsToken: boolean
  /** Reads the refresh cookie. */
  readonly readsCookie: boolean
  /** Needs the credential of a service. */
  readonly isForServices: boolean
  /** Takes a form, and no JSON. */
  readonly isForm: boolean
}

export interface ApiDocument {
  readonly raw: JsonObject
  readonly operations: readonly Operation[]
  /** Whether the document allows this value as the body of the operation. */
  allowsBody(operation: Operation, body: unknown): boolean
  /** Fails unless the document announces this answer: its status, content type and every member of its body. */
  checkAnswer(operation: Operation, answer: Answer): void
}

export const formType = 'application/x-www-form-urlencoded'

interface RawOperation {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly required: boolean
    readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>
  }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, unknown>> }>
  >
  readonly security: readonly Readonly<Record<string, unknown>>[]
}

type RawPaths = Readonly<Record<string, Readonly<Record<string, RawOperation>>>>

export async function readDocument(target: { readonly port: number }): Promise<ApiDocument> {
  const answer = await call(target, '/openapi.json')
  assert.equal(answer.status, 200, answer.text)
  const raw = answer.json
  const paths = raw['paths'] as RawPaths
  const judge = createJudge(raw)
  const rawOf = ({ path, method }: Operation): RawOperation => {
    const found = paths[path]?.[method.toLowerCase()]
    assert.ok(found)
    return found
  }
  return {
    raw,
    operations: Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => toOperation(path, method, operation)),
    ),
    allowsBody: ({ path, method, isBodyRequired, body }, value) => {
      if (value === undefined) return !isBodyRequired
      assert.ok(body, 'the operation has a body')
      const pointer = ['paths', path, method.toLowerCase(), 'requestBody', 'content']
      return judge([...pointer, 'application/json', 'schema'], value) === undefined
    },
    checkAnswer: (operation, given) => {
      const what = `${operation.id} answers ${given.status} ${given.text}`
      const announced = rawOf(operation).responses[given.status]
      assert.ok(announced, `undocumented status: ${what}`)
      const type = given.headers['content-type']?.split(';')[0]
      const types = Object.keys(announced.content ?? {})
      if (types.length === 0) {
        assert.equal(given.text, '', what)
        return
      }
      assert.ok(type !== undefined && types.includes(type), `undocumented type ${type}: ${what}`)
      if (!type.endsWith('json')) return
      const pointer = ['paths', operation.path, operation.method.toLowerCase(), 'responses']
      const schema = [...pointer, `${given.status}`, 'content', type, 'schema']
      assert.equal(judge(schema, JSON.parse(given.text)), undefined, what)
    },
  }
}

function toOperation(path: string, method: string, raw: RawOperation): Operation {
  const schemes = new Set(raw.security.flatMap((requirement) => Object.keys(requirement)))
  return {
    id: raw.operationId,
    method: method.toUpperCase(),
    path,
    parameters: raw.parameters ?? [],
    body: raw.requestBody?.content['application/json']?.schema,
    isForm: raw.requestBody?.content[formType] !== undefined,
    isBodyRequired: raw.requestBody?.required ?? false,
    needsToken: schemes.has('bearer'),
    readsCookie: schemes.has('refreshCookie'),
    isForServices: schemes.has('service'),
  }
}

/** Judges a value by the schema at a place in the document; undefined when it conforms. */
function createJudge(raw: JsonObject): (pointer: readonly string[], value: unknown) => unknown {
  const ajv = new Ajv2020({ strict: true, allErrors: true, validateSchema: false })
  addFormats.default(ajv)
  // Of OpenAPI and annotating only.
  ajv.addVocabulary([
    'example',
    'x-enumDescriptions',
    'openapi',
    'info',
    'servers',
    'tags',
    'paths',
    'components',
  ])
  ajv.addSchema({ ...raw, $id: 'https://document.invalid/' })
  return (pointer, value) => {
    const place = pointer
      .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/')
    const validate = ajv.getSchema(`https://document.invalid/#/${place}`)
    assert.ok(validate, `there is a schema at ${place}`)
    return validate(value) ? undefined : validate.errors
  }
}
