// Every operation of the document that takes something from the URL gets every bad query and every bad name.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { type Answer, call } from '../client/call.fixture.ts'
import { administrator } from '../client/people.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import {
  type ApiDocument,
  type JsonSchema,
  type Operation,
  type Parameter,
  readDocument,
} from '../openapi/document.fixture.ts'
import { behindEachDoor } from '../targets/target.fixture.ts'

const texts = [
  '',
  '%20',
  'true',
  'null',
  '%5B%5D',
  '%7B%22%24gt%22:%22%22%7D',
  '%00',
  '1;2',
  '1,2',
  '%ff',
]
const numbers = ['-1', '1.5', '1e2', '0x10', '+1', '1%20', '01e0', 'NaN', 'Infinity', '-0', '١']
const huge = ['99999999999999999999', '9'.repeat(400), '1e400']

/** What a parameter of this schema must refuse. */
function wrongValues({ schema }: Parameter): readonly string[] {
  const { type, minimum, maximum, maxLength } = schema
  if (type === 'integer') {
    const beyond = [Number(minimum) - 1, Number(maximum) + 1].map(String)
    return [...texts, ...numbers.map(encodeURIComponent), ...huge, ...beyond, 'ten']
  }
  assert.equal(type, 'string', 'teach the suite what is wrong for this type')
  return maxLength === undefined ? [] : ['x'.repeat(Number(maxLength) + 1), '%00'.repeat(100)]
}

/** A body that is good, so that the name is all that is wrong. */
const takes = ({ required = [] }: JsonSchema) =>
  Object.fromEntries(required.map((name) => [name, 'Phone']))

const strangeNames = [
  'x',
  '0',
  '..',
  '%2e%2e',
  '..%2f..%2fetc%2fpasswd',
  '%00',
  'x%00',
  '%ff',
  '%',
  '%zz',
  '%F0%9F%92%A9',
  '__proto__',
  'constructor',
  'toString',
  "'%20OR%20'1'='1",
  '%7B%22%24gt%22:%22%22%7D',
  '*',
  '%25',
  '%0d%0aSet-Cookie:%20a=b',
  'a'.repeat(6000),
]

behindEachDoor({}, (target) => {
  let document: ApiDocument
  let token: string
  before(async () => {
    document = await readDocument(target())
    token = (await administrator(target())).token
  })

  const send = ({ method, path, body }: Operation, query = ''): Promise<Answer> =>
    call(target(), `${path}${query}`, { method, token, ...(body && { json: takes(body) }) })

  test('refuses every wrong value, a parameter that nobody knows, and one that comes twice (v5.0.0-2.2.1, v5.0.0-15.3.7)', async () => {
    const withQuery = document.operations.filter(({ parameters }) =>
      parameters.some((parameter) => parameter.in === 'query'),
    )
    assert.ok(withQuery.length >= 1)
    for (const operation of withQuery) {
      const known = operation.parameters.filter((parameter) => parameter.in === 'query')
      const queries = known.flatMap((parameter) => [
        ...wrongValues(parameter).map((value) => `?${parameter.name}=${value}`),
        `?${parameter.name}=1&${parameter.name}=1`,
        `?${parameter.name}=1&%${parameter.name.charCodeAt(0).toString(16)}${parameter.name.slice(1)}=2`,
        `?${parameter.name}[]=1`,
        `?${parameter.name}[$gt]=`,
        `?${parameter.name.toUpperCase()}=1`,
      ])
      const unknown = [
        '?x=1',
        '?=',
        '?__proto__=1',
        '?constructor=1',
        '?access_token=x',
        '?role=admin',
      ]
      for (const query of [...queries, ...unknown]) {
        const answer = await send(operation, query)
        // A user's token is no credential of a service, and without one nothing is read.
        const status = operation.isForServices ? 401 : 400
        assert.equal(answer.status, status, `${operation.id}${query.slice(0, 60)}: ${answer.text}`)
        if (status === 400) assertProblem(answer, 400, 'invalid_request')
      }
    }
  })

  test('finds nothing under a name that is none, whatever it is made of (v5.0.0-2.2.1)', async () => {
    const named = document.operations.filter(({ path }) => path.includes('{'))
    assert.ok(named.length >= 4)
    const isHosted = target().door !== 'program'
    for (const operation of named) {
      for (const name of strangeNames) {
        const path = operation.path.replace(/\{\w+\}/, name)
        const answer = await send({ ...operation, path })
        const what = `${operation.id} ${name.slice(0, 30)}: ${answer.status} ${answer.text}`
        // Dots lead elsewhere: to a route that has not this method, or one that is the caller's own.
        if (/^(\.|%2e){2}$/.test(name)) assert.ok(answer.status < 500, what)
        else if (isHosted && 'host' in answer.json) assert.equal(answer.status, 404, what)
        else assertProblem(answer, 404, 'not_found', 'Resource not found')
        assert.equal(answer.headers['set-cookie'], undefined)
      }
    }
    assert.equal((await call(target(), '/api/users', { token })).status, 200)
  })
})
