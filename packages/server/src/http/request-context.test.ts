import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RequestContext } from './request-context.ts'
import { createSource } from './source.fixture.ts'

function userAgentOf(value: string): string | null {
  const source = createSource({ headers: { 'user-agent': value } })
  return new RequestContext('r', source, '203.0.113.9', 0).userAgent
}

test('a user agent carries no control characters into logs, mails and terminals', () => {
  // Bytes from 0x80 pass an HTTP parser, and 0x9b begins an escape sequence as ESC [ does.
  const hostile = 'curl\t8\u009b31mred\u0085next\u007f'
  assert.equal(userAgentOf(hostile), 'curl 8 31mred next ')
  assert.equal(
    userAgentOf('Mozilla/5.0 (X11; Linux x86_64) é'),
    'Mozilla/5.0 (X11; Linux x86_64) é',
  )
  assert.equal(userAgentOf('x'.repeat(300))?.length, 256)
})
