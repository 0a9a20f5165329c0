// Zero false accepts: whatever is done to a good token, only its own text passes (or the twin that every ECDSA signature
// has). v5.0.0-9.1.1, RFC 8725 B-2, B-5, B-16.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { nodeCryptography } from '../cryptography/node-cryptography.ts'
import type { Algorithm } from '../cryptography/keys.ts'
import { createLocalVerifier } from '../index.ts'
import * as web from '../web.ts'
import { toJwk } from '../issuer/issuer-server.fixture.ts'
import { createTokenCheck } from './check-token.ts'
import {
  CLAIMS,
  createSigningKey,
  encodePart,
  headerFor,
  ISSUER,
  malleableTwin,
  NOW_SECONDS,
  optionsFor,
  outcomeOf,
  signToken,
  splitToken,
} from './issuer.fixture.ts'

const algorithms: readonly Algorithm[] = ['ES256', 'EdDSA', 'RS256', 'PS256', 'HS256']
const signers = algorithms.map((algorithm) => createSigningKey(algorithm, `key-${algorithm}`))
const findKey = (kid: string) => signers.find((signer) => signer.kid === kid)
const [es = createSigningKey('ES256')] = signers
const { verify } = createLocalVerifier(optionsFor(es, { findKey }))
const goods = signers.map((signer) => signToken(signer))
const twins = goods.filter((_, at) => at === 0).map(malleableTwin)
const signed = new Set([...goods, ...twins])

/** Never accepted, unless it is a text that the issuer made. */
function assertOnlySignedPasses(token: string): void {
  assert.equal(verify(token).ok, signed.has(token), token)
}

describe('a token', () => {
  test('that is good is accepted, so that what follows means something', () => {
    for (const token of signed) assert.equal(outcomeOf(verify(token)), 'accepted')
  })

  for (const [at, algorithm] of algorithms.entries()) {
    test(`of ${algorithm} is refused with any one bit flipped`, () => {
      const parts = (goods[at] ?? '').split('.')
      for (const [index, part] of parts.entries()) {
        const bytes = Buffer.from(part, 'base64url')
        for (let bit = 0; bit < bytes.length * 8; bit++) {
          const flipped = Buffer.from(bytes)
          flipped.writeUInt8((bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3)
          assertOnlySignedPasses(parts.with(index, flipped.toString('base64url')).join('.'))
        }
      }
    })
  }

  test('on WebCrypto is refused with any bit of its signature flipped', async () => {
    const key = await web.importVerificationKey(toJwk(es))
    const verifier = web.createLocalVerifier({ ...optionsFor(es), findKey: () => key })
    const { header, payload, signature } = splitToken(goods[0] ?? '')
    const bytes = Buffer.from(signature, 'base64url')
    assert.equal((await verifier.verify(goods[0] ?? '')).ok, true)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped.writeUInt8((bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3)
      const token = `${header}.${payload}.${flipped.toString('base64url')}`
      assert.deepEqual(await verifier.verify(token), { ok: false, reason: 'bad_signature' })
    }
  })

  test('is refused with the header of another, the payload of another, the signature of another', () => {
    const parts = goods.map(splitToken)
    for (const { header } of parts) {
      for (const { payload } of parts) {
        for (const { signature } of parts) {
          assertOnlySignedPasses(`${header}.${payload}.${signature}`)
          assertOnlySignedPasses(`${payload}.${header}.${signature}`)
          assertOnlySignedPasses(`${header}.${signature}.${payload}`)
        }
      }
    }
  })

  test('is refused in every other spelling of the same content', () => {
    const spellings: ((part: string) => string)[] = [
      (part) => `${part}=`,
      (part) => `${part}==`,
      (part) => Buffer.from(part, 'base64url').toString('base64'),
      (part) => Buffer.from(part, 'base64url').toString('hex'),
      (part) => encodePart(part),
      (part) => encodePart(`${Buffer.from(part, 'base64url').toString('latin1')} `),
      (part) => encodePart(Buffer.from(part, 'base64url').toString('utf16le')),
      (part) => `${part}\n`,
      (part) => `${part.slice(0, 4)}\r\n${part.slice(4)}`,
      (part) => `\ufeff${part}`,
      (part) => part.toLowerCase(),
      (part) => encodeURIComponent(`${part}=`),
      (part) => part.normalize('NFKD').replace(/A/g, 'Ａ'),
    ]
    for (const token of goods) {
      const parts = token.split('.')
      for (const [index, part] of parts.entries()) {
        for (const respell of spellings) {
          assertOnlySignedPasses(parts.with(index, respell(part)).join('.'))
        }
      }
    }
  })

  test('is refused when any character is replaced by any other of the alphabet', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const token = goods[4] ?? ''
    for (let at = 0; at < token.length; at++) {
      for (const character of alphabet) {
        assertOnlySignedPasses(token.slice(0, at) + character + token.slice(at + 1))
      }
    }
  })

  test('is refused after any edits', () => {
    const edit = fc.record({
      at: fc.nat(1200),
      removed: fc.nat(4),
      added: fc.oneof(fc.constantFrom('', '.', '=', 'A', '\0'), fc.string({ maxLength: 4 })),
    })
    const mutated = fc
      .tuple(fc.constantFrom(...goods), fc.array(edit, { minLength: 1, maxLength: 4 }))
      .map(([token, edits]) =>
        edits.reduce(
          (text, { at, removed, added }) => text.slice(0, at) + added + text.slice(at + removed),
          token,
        ),
      )
    fc.assert(fc.property(mutated, assertOnlySignedPasses), { numRuns: 3000 })
  })

  test('is refused whatever header a stranger writes, by whatever key the stranger has', () => {
    const quick: readonly Algorithm[] = ['ES256', 'EdDSA', 'HS256']
    const strangers = quick.map((algorithm) => createSigningKey(algorithm, 'stranger'))
    const header = fc.record(
      {
        typ: fc.constantFrom('at+jwt', 'application/at+jwt', 'JWT'),
        alg: fc.oneof(fc.constantFrom(...algorithms, 'none'), fc.string()),
        kid: fc.oneof(fc.constantFrom(...signers.map(({ kid }) => kid)), fc.string()),
        jwk: fc.constantFrom(...strangers.map(toJwk)),
        jku: fc.webUrl(),
        crit: fc.constantFrom([], ['exp'], ['b64']),
      },
      { requiredKeys: ['typ', 'alg', 'kid'] },
    )
    fc.assert(
      fc.property(header, fc.constantFrom(...strangers), (members, stranger) => {
        assert.equal(verify(signToken(stranger, CLAIMS, members)).ok, false)
      }),
      { numRuns: 500 },
    )
  })
})

describe('garbage', () => {
  let asked = 0
  const check = createTokenCheck({
    cryptography: {
      ...nodeCryptography,
      isSignatureValid: (...parts) => {
        asked++
        return nodeCryptography.isSignatureValid(...parts)
      },
    },
    rules: { issuer: ISSUER, audiences: new Set([ISSUER]), requireSession: false },
    findKey,
    findRevocation: () => undefined,
    clock: () => NOW_SECONDS * 1000,
    cacheSize: 10,
  })

  test('costs no cryptography', async () => {
    const { header, payload, signature } = splitToken(goods[0] ?? '')
    const garbage = [
      '',
      'x',
      'a.b.c',
      '.'.repeat(100_000),
      'A'.repeat(8193),
      `${header}.${payload}`,
      `${header}.${payload}.${signature}.`,
      `${header}.${payload}.${signature}=`,
      signToken(es, CLAIMS, { ...headerFor(es), typ: 'JWT' }),
      signToken(es, CLAIMS, { ...headerFor(es), kid: 'unknown' }),
      signToken(es, CLAIMS, { ...headerFor(es), alg: 'none' }),
      signToken(es, CLAIMS, { ...headerFor(es), crit: [] }),
      signToken(es, CLAIMS, '{"typ":"at+jwt","typ":"at+jwt"}'),
    ]
    for (const token of garbage) assert.equal((await check(token)).ok, false)
    fc.assert(fc.property(fc.string(), (token) => void check(token)))
    assert.equal(asked, 0)
    await check(goods[0])
    assert.equal(asked, 1)
  })

  test('of every kind is answered, and nothing is thrown', async () => {
    const anything = fc.oneof(fc.anything(), fc.string({ unit: 'binary' }))
    await fc.assert(
      fc.asyncProperty(anything, async (input) => {
        assert.equal((await check(input)).ok, false)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a flood', () => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const heapBytes = (): number => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const hs = createSigningKey('HS256', 'key-HS256')
  const flooded = createLocalVerifier(optionsFor(hs, { cacheSize: 500 }))
  const { payload, signature } = splitToken(goods[0] ?? '')

  /** Tokens that all differ: good ones, forged ones, and ones by keys that nobody knows. */
  function flood(from: number, to: number): void {
    for (let n = from; n < to; n++) {
      assert.equal(flooded.verify(signToken(hs, { ...CLAIMS, jti: `token-${n}` })).ok, true)
      const header = encodePart({ ...headerFor(hs), n })
      assert.equal(flooded.verify(`${header}.${payload}.${signature}`).ok, false)
      const unknown = encodePart({ ...headerFor(hs), kid: `key-${n}` })
      assert.equal(flooded.verify(`${unknown}.${payload}.${signature}`).ok, false)
    }
  }

  test('of distinct tokens leaves the memory as it was', () => {
    flood(0, 2000)
    const before = heapBytes()
    flood(2000, 9000)
    const grown = heapBytes() - before
    // 21,000 tokens of some 500 bytes would be 10 MB.
    assert.ok(grown < 2_000_000, `${grown} bytes more`)
  })
})
