import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problem } from './problems.ts'
import { isProblem } from './reply.ts'

test('a problem is told from a reply, also from one whose body speaks of a problem', () => {
  assert.equal(isProblem(problem('not_found')), true)
  assert.equal(isProblem({ status: 200, body: { problem: 'not_found' } }), false)
})
