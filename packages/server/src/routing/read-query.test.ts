import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { readQuery } from './read-query.ts'

const schema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  q: z.string().max(64).optional(),
})

function outcome(rawQuery: string): unknown {
  const result = readQuery(schema, rawQuery)
  return 'problem' in result
    ? result.errors?.map(({ path, code }) => `${path} ${code}`)
    : result.value
}

describe('a query', () => {
  test('is read by its contract, with its defaults', () => {
    assert.deepEqual(outcome(''), { limit: 50 })
    assert.deepEqual(outcome('limit=7&q=a%20b%26c'), { limit: 7, q: 'a b&c' })
    assert.deepEqual(outcome('q=a+b'), { limit: 50, q: 'a b' })
  })

  test('with a parameter twice is refused: readers would take different ones', () => {
    assert.deepEqual(outcome('q=a&q=b'), ['q duplicate_parameter'])
    assert.deepEqual(outcome('q=a&%71=a'), ['q duplicate_parameter'])
    assert.deepEqual(outcome('x=1&x=1'), ['x duplicate_parameter'])
  })

  test('with an unknown parameter, or a value out of bounds, is refused', () => {
    assert.deepEqual(outcome('role=admin'), ['role unknown_member'])
    assert.deepEqual(outcome('__proto__=x'), ['__proto__ unknown_member'])
    assert.deepEqual(outcome('q[$ne]=x'), ['q[$ne] unknown_member'])
    for (const limit of ['0', '501', '1.5', 'x', '', 'Infinity', '-1', '1e999']) {
      assert.equal(Array.isArray(outcome(`limit=${limit}`)), true, limit)
    }
    assert.equal(Array.isArray(outcome(`q=${'x'.repeat(65)}`)), true)
  })
})
