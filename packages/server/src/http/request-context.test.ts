import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RequestContext } from './request-context.ts'
import { createSource } from './source.fixture.ts'

function contextOf(headers: Record<string, string>): RequestContext {
  return new RequestContext('request-1', createSource({ headers }), '203.0.113.9', 0)
}

test('the user agent is cut to what a session keeps', () => {
  assert.equal(contextOf({ 'user-agent': 'curl/8' }).userAgent, 'curl/8')
  assert.equal(contextOf({ 'user-agent': 'x'.repeat(5_000) }).userAgent, 'x'.repeat(256))
  assert.equal(contextOf({}).userAgent, null)
})

test('headers that guards set belong to one request', () => {
  const [one, other] = [contextOf({}), contextOf({})]
  one.headers['ratelimit-limit'] = '1'
  assert.deepEqual(other.headers, {})
})
