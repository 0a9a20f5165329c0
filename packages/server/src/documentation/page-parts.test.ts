// The parts of the page that need no browser.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { toCurl } from '../../documentation-page/curl.js'
import {
  exampleOf,
  operationsOf,
  problemsOf,
  resolve,
} from '../../documentation-page/description.js'
import { splitJson } from '../../documentation-page/json.js'
import { mountOf, toHostPath } from '../../documentation-page/mount.js'
import { splitInline } from '../../documentation-page/prose.js'
import type { OpenApi, Schema } from '../../documentation-page/types.ts'
import { problemKinds } from '../http/problems.ts'
import { openLibrary } from '../library.fixture.ts'

describe('the document that the page shows', () => {
  test('has no reference that leads nowhere', async (t) => {
    const document = (await openLibrary(t)).openapi() as OpenApi
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)]
    assert.ok(references.length > 20)
    const broken = references
      .map(([, reference = '']) => reference)
      .filter((reference) => {
        const [, name = ''] = /^#\/components\/schemas\/(\w+)$/.exec(reference) ?? []
        return !Object.hasOwn(document.components.schemas, name)
      })
    assert.deepEqual(broken, [])
  })

  test('gives an example of every body and every answer, and none is made up by the page', async (t) => {
    const document = (await openLibrary(t)).openapi() as OpenApi
    const vague: string[] = []
    for (const { operationId, requestBody, responses } of operationsOf(document)) {
      const schemas = [requestBody, ...Object.values(responses)].flatMap((part) =>
        Object.values(part?.content ?? {}).map(({ schema }) => schema),
      )
      for (const schema of schemas) {
        const example = JSON.stringify(exampleOf(document, schema))
        const isPlain = schema.type === 'string' && schema.format === undefined
        if (!isPlain && /"text"|:0[,}]|^null$/.test(example))
          vague.push(`${operationId} ${example}`)
      }
    }
    assert.deepEqual(vague, [])
  })

  test('accepts its own examples: they are sent as the page offers them', async (t) => {
    const auth = await openLibrary(t)
    const document = auth.openapi() as OpenApi
    const [register] = operationsOf(document).filter(
      ({ operationId }) => operationId === 'register',
    )
    const schema = register?.requestBody?.content['application/json']?.schema ?? {}
    const send = (body: unknown) =>
      auth.fetch(
        new Request('http://localhost:3000/api/auth/register', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      )
    assert.equal((await send(exampleOf(document, schema, { onlyRequired: true }))).status, 201)
  })

  test('says who may call what', async (t) => {
    const operations = operationsOf((await openLibrary(t)).openapi() as OpenApi)
    const find = (id: string) => operations.find(({ operationId }) => operationId === id)
    assert.equal(find('login')?.bearer, undefined)
    assert.deepEqual(find('ownProfile')?.bearer, { roles: [] })
    assert.deepEqual(find('listUsers')?.bearer, { roles: ['admin'] })
    assert.equal(find('refresh')?.cookie, 'acts')
    assert.equal(find('csrf')?.cookie, 'reads')
    assert.equal(find('ownProfile')?.cookie, undefined)
    assert.equal(find('introspect')?.service, true)
    assert.equal(find('showUser')?.parameters?.[0]?.description, 'Of an account')
  })

  test('explains every problem that a route may answer', async (t) => {
    const document = (await openLibrary(t)).openapi() as OpenApi
    const explained = problemsOf(document)
    for (const { code, status, meaning } of explained) {
      const kind = problemKinds[code as keyof typeof problemKinds]
      assert.deepEqual({ status, meaning }, { status: String(kind.status), meaning: kind.meaning })
    }
    // Answered where no route is, and by the guards for a host's own routes.
    const elsewhere = ['method_not_allowed', 'unauthorized']
    // By the program, to what it cannot read as a request.
    const unread = ['request_timeout', 'expectation_failed', 'headers_too_large']
    const known = new Set([...explained.map(({ code }) => code), ...elsewhere, ...unread])
    assert.deepEqual(
      Object.keys(problemKinds).filter((code) => !known.has(code)),
      [],
    )
  })
})

describe('examples', () => {
  const document = { components: { schemas: { Name: { type: 'string', examples: ['ada'] } } } }
  const cases: [string, Schema, unknown][] = [
    ['its own', { type: 'string', examples: ['a', 'b'] }, 'a'],
    ['null is one', { type: ['string', 'null'], examples: [null] }, null],
    ['a constant', { const: 'Bearer' }, 'Bearer'],
    ['the first of a list of values', { enum: ['x', 'y'] }, 'x'],
    ['the default', { type: 'integer', default: 50 }, 50],
    ['a reference', { $ref: '#/components/schemas/Name' }, 'ada'],
    ['a list', { type: 'array', items: { type: 'boolean' } }, [false]],
    ['the first choice', { anyOf: [{ const: 1 }, { const: 2 }] }, 1],
    [
      'parts put together',
      { allOf: [{ properties: { a: { const: 1 } } }], type: 'object' },
      { a: 1 },
    ],
  ]
  for (const [name, schema, expected] of cases) {
    test(name, () => {
      assert.deepEqual(exampleOf(document as unknown as OpenApi, schema), expected)
    })
  }

  test('leave out what may be left out, unless everything may', () => {
    const properties = { a: { const: 1 }, b: { const: 2 } }
    const some = { type: 'object', properties, required: ['a'] }
    const none = { type: 'object', properties }
    const example = (schema: Schema) =>
      exampleOf(document as unknown as OpenApi, schema, { onlyRequired: true })
    assert.deepEqual(example(some), { a: 1 })
    assert.deepEqual(example(none), { a: 1, b: 2 })
    assert.deepEqual(resolve(document as unknown as OpenApi, some), some)
  })
})

test('paths follow the mount', () => {
  const cases = [
    ['/docs', '/api/users', '/api/users'],
    ['/docs', '/health/live', '/health/live'],
    ['/api/docs', '/api/users', '/api/users'],
    ['/api/docs', '/openapi.json', '/api/openapi.json'],
    ['/shop/api/docs', '/api/users', '/shop/api/users'],
    ['/identity/docs', '/api/users', '/identity/api/users'],
    ['/docs/docs', '/api/users', '/docs/api/users'],
  ] as const
  for (const [page, path, expected] of cases) {
    assert.equal(toHostPath(path, mountOf(page)), expected, page)
  }
})

test('a call as curl says to a shell exactly what is meant', () => {
  const body = `{"password": "it's $HOME \\"quoted\\" \`ls\`"}`
  const headers = { authorization: "Bearer a'b" }
  const request = { method: 'POST', url: "http://localhost/x?q='; ls", headers, body }
  const text = toCurl(request, { cookie: 'acts' })
  const script = `curl() { for word; do printf '%s\\0' "$word"; done; }; ${text}`
  const words = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)
  const header = `authorization: ${headers.authorization}`
  const jar = ['-b', 'jar.txt', '-c', 'jar.txt']
  assert.deepEqual(words, ['-X', 'POST', request.url, '-H', header, ...jar, '-d', body])
})

test('JSON in colours is the same JSON', () => {
  const value = { 'a "b": c': [1, -2.5e-3, true, null, 'x\\"y', '<b>'], d: {} }
  const json = JSON.stringify(value, null, 2)
  const parts = splitJson(json)
  assert.equal(parts.map(({ text }) => text).join(''), json)
  const kinds = parts.filter(({ kind }) => kind).map(({ kind }) => kind)
  const list = ['number', 'number', 'word', 'word', 'string', 'string']
  assert.deepEqual(kinds, ['name', ...list, 'name'])
})

test('descriptions have code and emphasis, and nothing else is markup', () => {
  assert.deepEqual(splitInline('a `b<c>` **d** <i>e</i>'), [
    { kind: 'text', text: 'a ' },
    { kind: 'code', text: 'b<c>' },
    { kind: 'text', text: ' ' },
    { kind: 'strong', text: 'd' },
    { kind: 'text', text: ' <i>e</i>' },
  ])
})
