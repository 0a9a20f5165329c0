import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { corsHeaders, isOriginTrusted, type OriginPolicy, preflightHeaders } from './origin.ts'
import { createSource } from './source.fixture.ts'

const policy: OriginPolicy = {
  own: 'https://auth.example.com',
  allowed: ['https://app.example.com', 'http://localhost:5173'],
}

function isTrusted(headers: Record<string, string>): boolean {
  return isOriginTrusted(createSource({ headers }), policy)
}

// What an attacker's page may have for an origin so that a lenient comparison takes it for a listed one.
const lookAlikes = [
  'null',
  '',
  'https://app.example.com.',
  'https://app.example.com:443',
  'https://app.example.com:8443',
  'https://app.example.com/',
  'https://APP.example.com',
  'HTTPS://app.example.com',
  'http://app.example.com',
  'https://app.example.com.evil.test',
  'https://evil.test/https://app.example.com',
  'https://app.example.com@evil.test',
  'https://evilapp.example.com',
  'https://sub.app.example.com',
  'https://example.com',
  'https://appxexample.com',
  'https://app.example.com https://evil.test',
  'https://evil.test, https://app.example.com',
  'http://localhost',
  'http://localhost:51730',
  'http://localhost:5173.evil.test',
  'http://127.0.0.1:5173',
  'https://auth.example.com.evil.test',
  'http://auth.example.com',
  'file://',
  'chrome-extension://abcdefghijklmnop',
  '*',
]

describe('a page may use the cookie', () => {
  test('when it is of our own origin or of a listed one', () => {
    for (const origin of [policy.own, ...policy.allowed]) {
      assert.equal(isTrusted({ origin }), true, origin)
      for (const site of ['same-origin', 'same-site', 'cross-site']) {
        assert.equal(isTrusted({ origin, 'sec-fetch-site': site }), true, `${origin} ${site}`)
      }
    }
  })

  test('when the browser says it is of the same origin and its Host agrees', () => {
    const other = { origin: 'http://127.0.0.1:3000', host: '127.0.0.1:3000' }
    assert.equal(isTrusted({ ...other, 'sec-fetch-site': 'same-origin' }), true)
    assert.equal(isTrusted({ 'sec-fetch-site': 'same-origin' }), true)
  })

  test('when nothing says that it is a browser: the CSRF token has to speak', () => {
    assert.equal(isTrusted({}), true)
    assert.equal(isTrusted({ host: 'auth.example.com' }), true)
  })
})

describe('a page may not use the cookie', () => {
  test('when its origin only looks like a listed one', () => {
    for (const origin of lookAlikes) {
      for (const more of [
        {},
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
      ]) {
        assert.equal(isTrusted({ origin, ...more }), false, JSON.stringify({ origin, ...more }))
      }
    }
  })

  test('when the browser calls it another site and sends no origin', () => {
    for (const site of ['cross-site', 'same-site', 'none', '', 'SAME-ORIGIN', 'same-origin, x']) {
      assert.equal(isTrusted({ 'sec-fetch-site': site }), false, site)
    }
  })

  test('when it claims the same origin and its Host is another, or missing', () => {
    for (const origin of lookAlikes) {
      const claim = { origin, 'sec-fetch-site': 'same-origin' }
      assert.equal(isTrusted({ ...claim, host: 'api.example.com' }), false, origin)
      assert.equal(isTrusted(claim), false, `${origin} without a Host`)
    }
  })

  test('whatever else its origin is', () => {
    const pieces = [
      'https://',
      'http://',
      'app',
      'auth',
      '.',
      'example',
      'com',
      ':',
      '443',
      '@',
      '/',
    ]
    const almostListed = fc
      .array(fc.constantFrom(...pieces), { maxLength: 9 })
      .map((chosen) => chosen.join(''))
    fc.assert(
      fc.property(fc.oneof(fc.string(), almostListed), (origin) => {
        fc.pre(origin !== policy.own && !policy.allowed.includes(origin))
        assert.equal(isTrusted({ origin }), false)
        assert.equal(corsHeaders(origin, policy), undefined)
      }),
    )
  })
})

describe('CORS', () => {
  test('names a listed origin exactly, with credentials', () => {
    for (const origin of policy.allowed) {
      const headers = corsHeaders(origin, policy)
      assert.equal(headers?.['access-control-allow-origin'], origin)
      assert.equal(headers['access-control-allow-credentials'], 'true')
    }
  })

  test('lets pages read what they need to wait, to log in again and to report', () => {
    const exposed = corsHeaders('https://app.example.com', policy)?.[
      'access-control-expose-headers'
    ]?.split(', ')
    const needed = ['Retry-After', 'WWW-Authenticate', 'X-Request-Id', 'RateLimit-Remaining']
    assert.deepEqual(
      needed.filter((name) => !exposed?.includes(name)),
      [],
    )
  })

  test('says nothing to any other origin, to none and to our own', () => {
    for (const origin of [...lookAlikes, policy.own, undefined]) {
      assert.equal(corsHeaders(origin, policy), undefined, `${origin}`)
    }
  })

  test('allows in a preflight the headers that our clients send, and the methods there are', () => {
    const headers = preflightHeaders(['GET', 'PUT'])
    assert.equal(headers['access-control-allow-methods'], 'GET, PUT')
    assert.equal(
      headers['access-control-allow-headers'],
      'authorization, content-type, x-csrf-token',
    )
  })
})
