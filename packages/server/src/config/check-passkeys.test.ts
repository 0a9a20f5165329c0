import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkSettings } from './check-settings.ts'
import type { CountersignOptions } from './options.ts'

function check(options: CountersignOptions, production = false) {
  const publicUrl = 'https://auth.example.com'
  return checkSettings({ publicUrl, databaseUrl: 'sqlite:x.db', ...options }, { production })
}

function passkeysOf(options: CountersignOptions) {
  const checked = check(options)
  assert.ok(checked.ok, JSON.stringify(checked))
  return checked.settings.passkeys
}

function mistakesOf(options: CountersignOptions, production = false): readonly string[] {
  const checked = check(options, production)
  return checked.ok ? [] : checked.mistakes.map(({ option, message }) => `${option}: ${message}`)
}

test('passkeys belong to the host of PUBLIC_URL, for its pages and those of clients below it', () => {
  assert.deepEqual(passkeysOf({}), {
    rpId: 'auth.example.com',
    origins: ['https://auth.example.com'],
  })
  const clientOrigin =
    'https://app.auth.example.com,https://app.example.com,https://xauth.example.com'
  assert.deepEqual(passkeysOf({ clientOrigin }).origins, [
    'https://auth.example.com',
    'https://app.auth.example.com',
  ])
  assert.equal(passkeysOf({ publicUrl: 'http://localhost:3000' }).rpId, 'localhost')
})

test('or to a domain above it, for the pages of every client there', () => {
  const clientOrigin = 'https://app.example.com,https://other.example.net'
  assert.deepEqual(passkeysOf({ passkeyRpId: 'example.com', clientOrigin }), {
    rpId: 'example.com',
    origins: ['https://auth.example.com', 'https://app.example.com'],
  })
  const passkeyOrigins = ['https://app.example.com', 'https://app.example.com/']
  assert.deepEqual(passkeysOf({ passkeyRpId: 'example.com', passkeyOrigins }).origins, [
    'https://app.example.com',
  ])
})

test('a domain is one as browsers spell it, and no address', () => {
  for (const passkeyRpId of [
    'Example.com',
    'https://example.com',
    'example.com:443',
    'com',
    '127.0.0.1',
    '1.2',
    'example.com.',
    '*.example.com',
    'exämple.com',
    'a..b',
  ]) {
    assert.match(mistakesOf({ passkeyRpId })[0] ?? '', /^passkeyRpId: .*is no domain/, passkeyRpId)
  }
})

test('a domain at which no page is would make passkeys that nobody can use', () => {
  assert.match(mistakesOf({ passkeyRpId: 'example.net' })[0] ?? '', /^passkeyRpId: .*no page could/)
})

test('an origin is exact, at the domain, and in production https', () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['https://evil.net', /is not at auth\.example\.com/],
    ['https://auth.example.com.evil.net', /is not at/],
    ['https://evilauth.example.com', /is not at/],
    ['https://auth.example.com/login', /is no origin/],
    ['https://*.auth.example.com', /is no origin/],
    ['http://auth.example.com', /is http/],
  ]
  for (const [passkeyOrigins, reason] of refused) {
    const own = { passkeyOrigins, secret: 'Vb3nq0TjYf1xLw9sKzR7uEhD5mGaPcQ2' }
    const [mistake = ''] = mistakesOf(own, true)
    assert.match(mistake, /^passkeyOrigins: /, passkeyOrigins)
    assert.match(mistake, reason)
  }
})
