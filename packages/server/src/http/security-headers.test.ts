import assert from 'node:assert/strict'
import { test } from 'node:test'
import { securityHeaders } from './security-headers.ts'

test('every answer is uncached, unframed, unsniffed and runs nothing (ASVS v5.0.0-3.4)', () => {
  assert.deepEqual(securityHeaders(false), {
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  })
})

test('HSTS goes out where the public URL is https, for a year or more, and nowhere else', () => {
  assert.equal('strict-transport-security' in securityHeaders(false), false)
  const [, age] = /^max-age=(\d+);/.exec(
    securityHeaders(true)['strict-transport-security'] ?? '',
  ) ?? ['', '0']
  assert.ok(Number(age) >= 31_536_000)
})
