import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { checkSecrets, checkSigning, isGuessable } from './check-secrets.ts'
import type { CountersignOptions } from './options.ts'
import { OptionReader } from './read-option.ts'

const good = 'Vb3nq0TjYf1xLw9sKzR7uEhD5mGaPcQ2'

// Found in tutorials, sample files and answers, or what people make of them.
const wellKnown = [
  'your-256-bit-secret-your-256-bit-secret',
  'a-string-secret-at-least-256-bits-long',
  'supersecretjwtkeysupersecretjwtkey',
  'change_me_change_me_change_me_change_me!',
  'ChangeMe1234567890ChangeMe1234567890',
  'my-super-secret-key-that-is-very-long-123',
  'your_jwt_secret_key_here_make_it_long_32',
  'this is my very secret password for tokens',
  'replace-this-with-a-long-random-string',
  'please.change.this.default.value.2024',
  'qwertyuiopasdfghjklzxcvbnm-and-more',
  '12345678901234567890123456789012',
  '0123456789abcdef0123456789abcdef',
  'abcdefghijklmnopqrstuvwxyz012345',
  'zyxwvutsrqponmlkjihgfedcba543210',
  'ABCDEFGHIJKLMNOPABCDEFGHIJKLMNOP',
  'a8Fk2!xQp9a8Fk2!xQp9a8Fk2!xQp9a8Fk2!',
  'adgjadggadjjgadgjdagjdagjgdajdgjaag',
  'a'.repeat(64),
  'abcabcabcabcabcabcabcabcabcabcabcabc',
  ' '.repeat(40),
]

function secretMistakes(options: CountersignOptions, production: boolean): string[] {
  const reader = new OptionReader(options)
  checkSecrets(reader, production)
  checkSigning(reader, production)
  return reader.mistakes.map(({ option, message }) => `${option}: ${message}`)
}

describe('a secret that can be guessed', () => {
  test('is known by what it is made of', () => {
    for (const secret of wellKnown) assert.equal(isGuessable(secret), true, secret)
  })

  test('is refused in production, as master secret and as JWT_SECRET', () => {
    for (const secret of wellKnown.map((text) => text.padEnd(32, 'x'))) {
      const [refusal = ''] = secretMistakes({ secret }, true)
      // A list drops what is white space alone.
      if (secret.trim() !== '') assert.match(refusal, /^secret: This master secret can be guessed/)
      const [other = ''] = secretMistakes({ jwtSecret: secret }, true)
      assert.match(other, /^jwtSecret: This secret can be guessed/)
      assert.equal(other.includes(secret), false)
    }
  })

  test('is accepted elsewhere, so that a tutorial runs', () => {
    const secret = 'your-256-bit-secret-your-256-bit-secret'
    assert.deepEqual(secretMistakes({ secret, jwtSecret: secret }, false), [])
  })

  test('is never what a generator gave', () => {
    for (let i = 0; i < 3_000; i++) {
      const bytes = randomBytes(32)
      for (const encoding of ['base64url', 'base64', 'hex'] as const) {
        const secret = bytes.toString(encoding)
        assert.equal(isGuessable(secret), false, secret)
      }
    }
    assert.equal(isGuessable('correct horse battery staple and twelve more'), false)
  })
})

describe('master secrets', () => {
  test('come newest first, from a list or from text with commas', () => {
    const other = good.split('').toReversed().join('')
    for (const secret of [`${good},${other}`, ` ${good} , ${other},`, [good, other]]) {
      const reader = new OptionReader({ secret })
      assert.deepEqual(checkSecrets(reader, true), { secrets: [good, other] })
      assert.deepEqual(reader.mistakes, [])
    }
  })

  test('are refused when any of them is short, in development, too', () => {
    for (const production of [true, false]) {
      const mistakes = secretMistakes({ secret: `${good},short-one` }, production)
      assert.equal(mistakes.length, 1)
      assert.match(mistakes[0] ?? '', /32 characters or more: take for example [\w-]{43}$/)
      assert.equal(mistakes[0]?.includes('short-one'), false)
    }
  })

  test('are suggested anew each time', () => {
    const [first] = secretMistakes({ secret: 'short' }, true)
    assert.notEqual(secretMistakes({ secret: 'short' }, true)[0], first)
  })
})

function signing(options: CountersignOptions): ReturnType<typeof checkSigning> {
  return checkSigning(new OptionReader(options), true)
}

describe('what signs tokens', () => {
  test('is ES256, or HS256 as soon as there is a JWT_SECRET', () => {
    assert.deepEqual(signing({}), { jwtSecret: undefined, jwtAlgorithm: 'ES256' })
    assert.deepEqual(signing({ jwtSecret: good }), { jwtSecret: good, jwtAlgorithm: 'HS256' })
    assert.equal(signing({ jwtAlgorithm: 'EdDSA' }).jwtAlgorithm, 'EdDSA')
  })

  test('is refused when JWT_SECRET and another algorithm are asked for', () => {
    for (const jwtAlgorithm of ['ES256', 'EdDSA', 'RS256', 'PS256']) {
      const [mistake = ''] = secretMistakes({ jwtSecret: good, jwtAlgorithm }, false)
      assert.match(mistake, /^jwtAlgorithm: JWT_SECRET signs with HS256/)
    }
    assert.deepEqual(secretMistakes({ jwtSecret: good, jwtAlgorithm: 'HS256' }, true), [])
  })

  test('is refused when it is HS256 without a secret, none, or unknown', () => {
    assert.match(secretMistakes({ jwtAlgorithm: 'HS256' }, false)[0] ?? '', /needs a shared secret/)
    for (const jwtAlgorithm of ['none', 'None', 'es256', 'HS512', 'ES384', 'RS1', 'dir']) {
      assert.match(secretMistakes({ jwtAlgorithm }, false)[0] ?? '', /is not one of ES256, EdDSA/)
    }
  })

  test('is refused below 32 bytes, in development, too (RFC 7518 section 3.2)', () => {
    assert.match(secretMistakes({ jwtSecret: good.slice(1) }, false)[0] ?? '', /has 31 bytes/)
    // In bytes: sixteen letters with accents are enough of them, but few are different.
    assert.deepEqual(secretMistakes({ jwtSecret: 'é'.repeat(16) }, false), [])
    assert.match(secretMistakes({ jwtSecret: 'é'.repeat(16) }, true)[0] ?? '', /can be guessed/)
  })
})
