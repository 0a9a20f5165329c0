import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { problemKinds } from './problems.ts'
import { bodyLimitBytes, readFormBody, readJsonBody, readNoBody } from './read-body.ts'
import { createSource } from './source.fixture.ts'

const json = 'application/json'

async function outcome(
  body: string | Uint8Array,
  contentType: string | undefined = json,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const type = contentType === '' ? {} : { 'content-type': contentType }
  const result = await readJsonBody(createSource({ headers: { ...type, ...headers }, body }))
  if (!('problem' in result)) return { value: result.value }
  const { status } = problemKinds[result.problem]
  return result.errors ? `${status} ${result.errors[0]?.code}` : status
}

const fill = (bytes: number): string => `"${'x'.repeat(bytes - 2)}"`

describe('a body', () => {
  test('is the JSON value that it spells', async () => {
    assert.deepEqual(await outcome('{"a":[1,"ä",null]}'), { value: { a: [1, 'ä', null] } })
    assert.deepEqual(await outcome(' 7 '), { value: 7 })
  })

  test('may be missing, whatever its type is called', async () => {
    for (const type of [json, '', 'text/plain']) {
      assert.deepEqual(await outcome('', type), { value: undefined })
    }
  })

  test('of 10,240 bytes is read and one of 10,241 is not', async () => {
    const full = { 'content-length': `${bodyLimitBytes}` }
    assert.deepEqual(await outcome(fill(bodyLimitBytes), json, full), {
      value: 'x'.repeat(10_238),
    })
    assert.equal(await outcome(fill(bodyLimitBytes + 1)), 413)
    // In bytes, not in characters.
    assert.equal(await outcome(`"${'€'.repeat(3_413)}"`), 413)
  })

  test('that declares too much is not even read', async () => {
    const source = {
      header: (name: string) => (name === 'content-length' ? '10241' : undefined),
      remoteAddress: undefined,
      hasBody: true,
      isBodyParsed: false,
      readBody: async () => assert.fail('read it'),
    }
    const result = await readJsonBody(source)
    assert.equal('problem' in result && result.problem, 'payload_too_large')
  })

  test('that lies about its length is measured all the same', async () => {
    const long = JSON.stringify('x'.repeat(20_000))
    for (const length of ['0', '1', '-5', 'abc', '1e1', '']) {
      assert.equal(await outcome(long, json, { 'content-length': length }), 413, length)
    }
  })
})

async function readNone(body: string, type = json): Promise<unknown> {
  const result = await readNoBody(createSource({ headers: { 'content-type': type }, body }))
  return 'problem' in result ? problemKinds[result.problem].status : result
}

async function readForm(body: string | Uint8Array): Promise<unknown> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const result = await readFormBody(createSource({ headers, body }))
  return 'problem' in result ? result.errors?.[0]?.code : result.value
}

describe('where no body is taken', () => {
  test('nothing and an object without members are none, and everything else is refused', async () => {
    for (const body of ['', '{}', ' { } ']) {
      assert.deepEqual(await readNone(body), { value: undefined })
    }
    for (const body of ['{"a":1}', '[]', 'null', '0', '""', '{']) {
      assert.equal(await readNone(body), 400)
    }
    assert.equal(await readNone('{}', 'text/plain'), 415)
    assert.equal(await readNone(fill(bodyLimitBytes + 1)), 413)
  })
})

describe('a form', () => {
  test('is its parameters by name', async () => {
    assert.deepEqual(await readForm('token=a%2Bb+c&x='), { token: 'a+b c', x: '' })
  })

  test('is refused when two readers could understand it differently', async () => {
    assert.equal(await readForm(Buffer.from('token=\xff\xfe', 'latin1')), 'not_utf8')
    assert.equal(await readForm('token=%ff%fe'), 'not_utf8')
    assert.equal(await readForm('token=%zz'), 'not_utf8')
    assert.equal(await readForm('token=a&token=b'), 'duplicate_member')
    assert.equal(await readForm('__proto__=x&token=y'), 'forbidden_member')
  })
})

describe('the content type of a body', () => {
  test('is application/json in UTF-8, in any case and with spaces', async () => {
    const types = [
      json,
      'Application/JSON',
      ' application/json ; charset=utf-8',
      'application/json;charset=UTF-8',
      'application/json; charset="utf-8"',
      'application/json; profile=x; charset=utf-8',
      'application/json; charset= utf-8 ; profile=x',
      'application/json;',
    ]
    for (const type of types) assert.deepEqual(await outcome('1', type), { value: 1 }, type)
  })

  test('is refused when it is anything else: forms of other sites can send those', async () => {
    const types = [
      '',
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain; application/json',
      'application/jsonp',
      'application/json-patch+json',
      'application/problem+json',
      'text/json',
      'application/json, text/plain',
      'application/json; charset=utf-16',
      'application/json; charset=iso-8859-1',
      'application/json; charset=utf-8; charset=utf-16',
      'application/json; charset',
    ]
    for (const type of types) assert.equal(await outcome('1', type), 415, type)
  })
})

describe('a body that two readers could understand differently', () => {
  test('is refused with the reason', async () => {
    const bodies: [string | Uint8Array, string][] = [
      ['{"role":"user","role":"admin"}', '400 duplicate_member'],
      ['{"a":{"b":1,"b":1}}', '400 duplicate_member'],
      ['{"role":1,"r\\u006fle":2}', '400 duplicate_member'],
      ['{"__proto__":{"role":"admin"}}', '400 forbidden_member'],
      ['{"a":{"\\u005f_proto__":1}}', '400 forbidden_member'],
      ['"\\ud800"', '400 lone_surrogate'],
      [`${'['.repeat(40)}${']'.repeat(40)}`, '400 too_deep'],
      ['{"a":1,}', '400 malformed'],
      ["{'a':1}", '400 malformed'],
      ['{"a":1} {"b":2}', '400 malformed'],
      ['// comment\n1', '400 malformed'],
      ['NaN', '400 malformed'],
      ['\uFEFF{}', '400 malformed'],
      [Buffer.from([0x22, 0xc3, 0x28, 0x22]), '400 not_utf8'],
      [Buffer.from('{"a":1}', 'utf16le'), '400 malformed'],
      [Buffer.from([0xff, 0xfe, 0x31, 0x00]), '400 not_utf8'],
    ]
    for (const [body, expected] of bodies) {
      assert.equal(await outcome(body), expected, Buffer.from(body).toString('latin1').slice(0, 40))
    }
  })

  test('never stands in the answer', async () => {
    const source = createSource({ headers: { 'content-type': json }, body: '{"p":"hunter2' })
    assert.equal(JSON.stringify(await readJsonBody(source)).includes('hunter2'), false)
  })

  test('never makes reading throw', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.json(), fc.uint8Array({ maxLength: 200, size: 'max' })),
        async (body) => {
          const result = await outcome(body)
          if (Buffer.from(body).length === 0) assert.deepEqual(result, { value: undefined })
        },
      ),
    )
  })
})
