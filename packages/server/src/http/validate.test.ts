import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import type { FieldError } from './problems.ts'
import { validate } from './validate.ts'

const schema = z.strictObject({
  username: z.string().min(1),
  age: z.number().max(150).optional(),
  address: z.strictObject({ city: z.string() }).optional(),
})

function mistakesIn(value: unknown): readonly FieldError[] {
  const result = validate(schema, value, undefined)
  assert.ok('problem' in result && result.problem === 'invalid_request')
  return result.errors ?? []
}

const codesIn = (value: unknown): string[] =>
  mistakesIn(value).map(({ path, code }) => `${path} ${code}`)

describe('validation', () => {
  test('gives back what the schema made of a good value', () => {
    assert.deepEqual(validate(schema, { username: 'ada' }, undefined), {
      value: { username: 'ada' },
    })
  })

  test('lists every mistake with its path', () => {
    const value = { username: 7, age: 200, address: { city: null, zip: 1 }, role: 'admin' }
    assert.deepEqual(codesIn(value).toSorted(), [
      'address.city wrong_type',
      'address.zip unknown_member',
      'age too_big',
      'role unknown_member',
      'username wrong_type',
    ])
  })

  test('calls what is missing or empty required', () => {
    assert.deepEqual(codesIn({}), ['username required'])
    assert.deepEqual(codesIn({ username: '' }), ['username required'])
    assert.deepEqual(codesIn(undefined), [' required'])
    assert.deepEqual(codesIn({ username: 'ada', address: {} }), ['address.city required'])
  })

  test('calls null and other types wrong, and is not fooled by what objects inherit', () => {
    assert.deepEqual(codesIn({ username: null }), ['username wrong_type'])
    assert.deepEqual(codesIn(null), [' wrong_type'])
    assert.deepEqual(codesIn([]), [' wrong_type'])
    const named = z.strictObject({ constructor: z.string(), toString: z.string() })
    const result = validate(named, {}, undefined)
    assert.ok('problem' in result)
    assert.deepEqual(
      result.errors?.map(({ path, code }) => `${path} ${code}`),
      ['constructor required', 'toString required'],
    )
  })

  test('says the route’s own words when a member is missing, and only then', () => {
    const words = 'Username and password are required'
    const missing = validate(schema, {}, words)
    assert.equal('problem' in missing && missing.message, words)
    const both = validate(schema, { role: 'admin' }, words)
    assert.equal('problem' in both && both.message, words)
    const wrong = validate(schema, { username: 7 }, words)
    assert.equal('problem' in wrong && wrong.message, undefined)
  })

  test('never repeats the offending value', () => {
    const secret = 'hunter2-is-my-password'
    const values = [
      { username: [secret] },
      { username: 'ada', age: secret },
      { username: 'ada', address: secret },
      secret,
      [secret],
    ]
    for (const value of values) {
      assert.equal(JSON.stringify(mistakesIn(value)).includes(secret), false)
    }
  })

  test('answers and does not throw, whatever comes', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const result = validate(schema, value, 'words')
        assert.ok('problem' in result || 'value' in result)
      }),
    )
  })
})
