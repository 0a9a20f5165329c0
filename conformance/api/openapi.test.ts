import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { call } from '../client/call.fixture.ts'
import { administrator } from '../client/people.fixture.ts'
import { type ApiDocument, readDocument } from '../openapi/document.fixture.ts'
import { behindEachDoor } from '../targets/target.fixture.ts'

behindEachDoor({ doors: ['program'] }, (target) => {
  let document: ApiDocument
  before(async () => {
    document = await readDocument(target())
  })

  test('the document is valid OpenAPI 3.1, every reference included', async () => {
    const validator = new Validator()
    const result = await validator.validate(structuredClone(document.raw))
    assert.deepEqual(result, { valid: true })
    assert.equal(validator.version, '3.1')
  })

  test('every path has exactly the methods of the document, and 405 with Allow for others (RFC 9110 §15.5.6, v5.0.0-4.1.4)', async () => {
    const paths = Map.groupBy(document.operations, ({ path }) => path)
    for (const [path, operations] of paths) {
      const answer = await call(target(), path.replace(/\{\w+\}/, 'x'), { method: 'PROPFIND' })
      assert.equal(answer.status, 405, path)
      const documented = operations.map(({ method }) => method)
      const expected = [...documented, ...(documented.includes('GET') ? ['HEAD'] : []), 'OPTIONS']
      assert.deepEqual(answer.headers.allow?.split(', ').sort(), expected.sort(), path)
    }
  })

  test('every schema of an answer is closed: a member that nobody announced fails (v5.0.0-15.3.1)', () => {
    const schemas = (document.raw['components'] as { schemas: Record<string, object> }).schemas
    for (const name of [
      'Profile',
      'AdministeredProfile',
      'TokenAnswer',
      'AccessAnswer',
      'Session',
    ]) {
      const schema = schemas[name] as { additionalProperties?: unknown }
      assert.equal(schema.additionalProperties, false, name)
    }
  })

  test('no operation knows a hint, a secret question or an unknown way to log in (v5.0.0-6.1.3, v5.0.0-6.3.4, v5.0.0-6.4.2)', () => {
    assert.doesNotMatch(
      JSON.stringify(document.raw),
      /(?<!token_type_)hint|security.?question|mother/i,
    )
    const { schemas } = document.raw['components'] as { schemas: Record<string, unknown> }
    const withToken = Object.keys(schemas).filter((name) =>
      JSON.stringify(schemas[name]).includes('"accessToken":'),
    )
    const signs = ['"accessToken":', ...withToken.map((name) => `/${name}"`)]
    const giving = document.operations
      .filter(({ id }) => {
        const text = JSON.stringify(rawOf(document, id))
        return signs.some((sign) => text.includes(sign))
      })
      .map(({ id }) => id)
    assert.deepEqual(giving.sort(), [
      'addEmailFactor',
      'changePassword',
      'confirmTotpEnrollment',
      'login',
      'makeRecoveryCodes',
      'passkeySecondFactor',
      'passkeySignIn',
      'passkeyStepUp',
      'proveSecondFactor',
      'refresh',
      'registerPasskey',
      'removeFactor',
      'signInWithCode',
      'signInWithLink',
      'stepUp',
    ])
  })

  test('the version of the document is that of the server, and its server is the public URL', async () => {
    const information = await call(target(), '/api/users/public')
    assert.equal((document.raw['info'] as { version: string }).version, information.json.version)
    assert.deepEqual(document.raw['servers'], [{ url: target().publicUrl }])
  })
})

behindEachDoor({ doors: ['program'], variables: { DOCS: 'off' } }, (target) => {
  test('DOCS=off hides the document and its page (v5.0.0-13.4.5)', async () => {
    const { token } = await administrator(target())
    for (const path of ['/openapi.json', '/docs']) {
      assert.equal((await call(target(), path, { token })).status, 404)
    }
  })
})

function rawOf({ raw }: ApiDocument, id: string): unknown {
  const paths = raw['paths'] as Record<string, Record<string, { operationId: string }>>
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
  return operations.find(({ operationId }) => operationId === id)
}
