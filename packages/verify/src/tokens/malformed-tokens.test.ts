import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createLocalVerifier } from '../index.ts'
import {
  CLAIMS,
  createSigningKey,
  encodePart,
  headerFor,
  optionsFor,
  signBytes,
  signToken,
  splitToken,
} from './issuer.fixture.ts'
import type { TokenFailure } from './token-failure.ts'

const key = createSigningKey('ES256')
const good = signToken(key)
const parts = splitToken(good)
const header = headerFor(key)
const { verify } = createLocalVerifier(optionsFor(key))

function withHeader(changes: object): string {
  return signToken(key, CLAIMS, { ...header, ...changes })
}

/** The same token with other bits in the last character of a part, where they do not count. */
function withTrailingBits(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  assert.notEqual(part.length % 4, 0, 'the part has no unused bits')
  const last = alphabet.indexOf(part.slice(-1))
  return part.slice(0, -1) + alphabet.charAt(last + 1)
}

/** JSON of a length that leaves bits of its last base64url character unused. */
function jsonWithUnusedBits(value: object): string {
  const json = JSON.stringify(value)
  return json.padEnd(json.length + ((4 - (json.length % 3)) % 3), ' ')
}

function refuses(reason: TokenFailure, cases: Record<string, string>): void {
  for (const [what, token] of Object.entries(cases)) {
    test(`refuses ${what} as ${reason}`, () => {
      assert.deepEqual(verify(token), { ok: false, reason })
    })
  }
}

describe('the form of a token', () => {
  refuses('malformed', {
    'no text': '',
    'one part': parts.header,
    'two parts': `${parts.header}.${parts.payload}`,
    'four parts': `${good}.${parts.signature}`,
    'five parts, as a JWE has': `${good}.${parts.payload}.${parts.signature}`,
    'a trailing dot': `${good}.`,
    'the flattened JSON serialisation': JSON.stringify({
      protected: parts.header,
      payload: parts.payload,
      signature: parts.signature,
    }),
  })

  const noTexts = {
    undefined,
    null: null,
    aNumber: 1,
    anObject: {},
    aList: [good],
    bytes: Buffer.from(good),
    aSymbol: Symbol('token'),
  }
  for (const [what, token] of Object.entries(noTexts)) {
    test(`refuses ${what} in place of a text as malformed`, () => {
      const verifyAnything: (token: never) => unknown = verify
      // @ts-expect-error: what a caller without types may pass
      assert.deepEqual(verifyAnything(token), { ok: false, reason: 'malformed' })
    })
  }

  const full = `${parts.header}.${parts.payload}.`
  refuses('too_large', {
    'a token of 8193 characters': full + 'A'.repeat(8193 - full.length),
    'a megabyte of dots': '.'.repeat(2 ** 20),
  })

  test('accepts a token of 8192 characters', () => {
    const token = signToken(key, JSON.stringify(CLAIMS).padEnd(6033), `${JSON.stringify(header)} `)
    assert.equal(token.length, 8192)
    assert.equal(verify(token).ok, true)
  })

  const unused = splitToken(signToken(key, jsonWithUnusedBits(CLAIMS), jsonWithUnusedBits(header)))
  refuses('not_canonical', {
    'unused bits set in the header': signAgain(withTrailingBits(unused.header), parts.payload),
    'unused bits set in the payload': signAgain(parts.header, withTrailingBits(unused.payload)),
    'unused bits set in the signature': `${parts.header}.${parts.payload}.${withTrailingBits(parts.signature)}`,
    padding: `${good}==`,
    'padding in the header': signAgain(`${parts.header}=`, parts.payload),
    'a leading space': ` ${good}`,
    'a trailing newline': `${good}\n`,
    'a space before a dot': `${parts.header} .${parts.payload}.${parts.signature}`,
    'a NUL at the end': `${good}\0`,
    'standard base64': `${parts.header}.${parts.payload}.${'+/'.repeat(43)}`,
    'a soft hyphen inside': `${good.slice(0, 50)}\u00ad${good.slice(50)}`,
    'full-width letters': `${parts.header}.${parts.payload}.${'Ａ'.repeat(86)}`,
    'a Bearer prefix': `Bearer ${good}`,
    'percent encoding': good.replace(/\w/, (c) => `%${c.charCodeAt(0).toString(16)}`),
  })
})

/** Signed over the very text, so that only its spelling is wrong. */
function signAgain(headerPart: string, payloadPart: string): string {
  const signingInput = `${headerPart}.${payloadPart}`
  return `${signingInput}.${signBytes(key, signingInput).toString('base64url')}`
}

describe('the JSON of a token', () => {
  const texts: Record<string, string | Uint8Array> = {
    nothing: '',
    'no JSON': 'x',
    'an array': '[]',
    null: 'null',
    'a text': '"at+jwt"',
    'a byte order mark': `\ufeff${JSON.stringify(CLAIMS)}`,
    'invalid UTF-8': Buffer.from(JSON.stringify({ ...CLAIMS, x: 'é' }), 'latin1'),
    'UTF-16': Buffer.from(JSON.stringify(CLAIMS), 'utf16le'),
    'two objects': '{}{}',
    'a trailing comma': '{"a":1,}',
    'nesting to 33': JSON.stringify(CLAIMS).replace(
      /}$/,
      `,"a":${'['.repeat(32)}${']'.repeat(32)}}`,
    ),
    'a member __proto__': JSON.stringify(CLAIMS).replace(/}$/, ',"__proto__":{"roles":["admin"]}}'),
    'a deep member __proto__': JSON.stringify(CLAIMS).replace(/}$/, ',"a":[{"__proto__":1}]}'),
    'an escaped member __proto__': JSON.stringify(CLAIMS).replace(/}$/, ',"\\u005f_proto__":1}'),
    'a lone surrogate': JSON.stringify(CLAIMS).replace('user-1', '\\ud800'),
    'a subject twice': JSON.stringify(CLAIMS).replace(/}$/, ',"sub":"root"}'),
    'a subject twice, once escaped': JSON.stringify(CLAIMS).replace(/}$/, ',"\\u0073ub":"root"}'),
    'a deep member twice': JSON.stringify(CLAIMS).replace(/}$/, ',"a":{"b":1,"b":1}}'),
  }
  for (const [what, text] of Object.entries(texts)) {
    refuses('invalid_json', {
      [`${what} as claims`]: signToken(key, text),
      [`${what} as header`]: signToken(key, CLAIMS, text),
    })
  }
  refuses('invalid_json', {
    'an alg twice': signToken(key, CLAIMS, JSON.stringify(header).replace(/}$/, ',"alg":"none"}')),
    'a kid twice': signToken(key, CLAIMS, JSON.stringify(header).replace(/}$/, ',"kid":"key-1"}')),
  })
})

describe('any token', () => {
  for (const algorithm of ['ES256', 'EdDSA', 'HS256'] as const) {
    test(`of ${algorithm} is refused when one character is changed`, () => {
      const signer = createSigningKey(algorithm)
      const verifier = createLocalVerifier(optionsFor(signer))
      const token = signToken(signer)
      const character = fc.oneof(fc.constantFrom(...token.split('')), fc.string())
      const change = fc.tuple(fc.nat(token.length - 1), character, fc.nat(1))
      fc.assert(
        fc.property(change, ([at, replacement, removed]) => {
          const changed = token.slice(0, at) + replacement + token.slice(at + removed)
          assert.equal(verifier.verify(changed).ok, changed === token)
        }),
        { numRuns: 300 },
      )
    })
  }

  test('is answered and never throws', () => {
    const part = fc.oneof(fc.string().map(encodePart), fc.json().map(encodePart), fc.string())
    const shaped = fc.array(part, { maxLength: 5 }).map((some) => some.join('.'))
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), shaped), (token) => {
        assert.equal(verify(token).ok, false)
      }),
    )
  })

  test('is answered whatever its signed header and claims hold', () => {
    const member = fc.constantFrom(...Object.keys(CLAIMS), ...Object.keys(header), 'nbf', 'crit')
    const object = fc.dictionary(member, fc.jsonValue({ maxDepth: 2 }))
    fc.assert(
      fc.property(object, object, (claims, changes) => {
        verify(signToken(key, { ...CLAIMS, ...claims }))
        verify(withHeader(changes))
      }),
    )
  })
})
