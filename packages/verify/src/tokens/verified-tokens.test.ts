import assert from 'node:assert/strict'
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { describe, test } from 'node:test'
import { createLocalVerifier } from '../index.ts'
import {
  CLAIMS,
  createSigningKey,
  NOW_SECONDS,
  optionsFor,
  outcomeOf,
  signToken,
} from './issuer.fixture.ts'
import type { VerificationKey } from '../index.ts'
import type { AccessClaims } from './claims.ts'
import { createVerifiedTokens, type VerifiedToken } from './verified-tokens.ts'

const key = createSigningKey('ES256')

function rememberedUntil(exp: number, verifiedAtSeconds = NOW_SECONDS): VerifiedToken<KeyObject> {
  const claims = { ...CLAIMS, exp }
  const verification = { ok: true as const, claims }
  return { kid: key.kid, algorithm: 'ES256', key: key.key, claims, verifiedAtSeconds, verification }
}

describe('the memory for tokens', () => {
  test('keeps a token that was dropped and kept again for its full turn', () => {
    const alive = rememberedUntil(NOW_SECONDS + 1)
    const tokens = createVerifiedTokens(2)
    const keep = (token: string): void => tokens.keep(token, alive)
    keep('a-token')
    tokens.drop('a-token')
    assert.equal(tokens.find('a-token'), undefined)
    keep('a-token')
    keep('b-token')
    assert.equal(tokens.find('a-token'), alive)
    keep('c-token')
    keep('c-token')
    assert.equal(tokens.find('a-token'), undefined)
    assert.equal(tokens.find('b-token'), alive)
  })

  test('gives the place of a living token only to one that comes again', () => {
    const alive = rememberedUntil(NOW_SECONDS + 1)
    const tokens = createVerifiedTokens(2)
    const keep = (token: string): void => tokens.keep(token, alive)
    keep('a-token')
    keep('b-token')
    keep('c-token')
    assert.equal(tokens.find('c-token'), undefined)
    assert.equal(tokens.find('a-token'), alive)
    keep('c-token')
    assert.equal(tokens.find('c-token'), alive)
    assert.equal(tokens.find('a-token'), undefined)
  })

  test('gives the place of an expired token to anyone', () => {
    const tokens = createVerifiedTokens(1)
    tokens.keep('a-token', rememberedUntil(NOW_SECONDS + 1))
    const later = rememberedUntil(NOW_SECONDS + 900, NOW_SECONDS + 1)
    tokens.keep('b-token', later)
    assert.equal(tokens.find('b-token'), later)
  })

  test('takes no token for another that ends as it does, and keeps the later of the two', () => {
    const [first, second] = [rememberedUntil(NOW_SECONDS + 1), rememberedUntil(NOW_SECONDS + 2)]
    const tokens = createVerifiedTokens(2)
    tokens.keep('one.a-signature', first)
    assert.equal(tokens.find('two.a-signature'), undefined)
    assert.equal(tokens.find('one.a-signature'), first)
    tokens.drop('two.a-signature')
    assert.equal(tokens.find('one.a-signature'), first)
    tokens.keep('two.a-signature', second)
    assert.equal(tokens.find('one.a-signature'), undefined)
    assert.equal(tokens.find('two.a-signature'), second)
    // The place of the first is free again: both of these are kept beside the second, one after the other.
    tokens.keep('b-token', first)
    assert.equal(tokens.find('two.a-signature'), second)
    assert.equal(tokens.find('b-token'), first)
  })

  test('gives a long token as many places as it would fill', () => {
    const alive = rememberedUntil(NOW_SECONDS + 1)
    const tokens = createVerifiedTokens(4)
    const keepFor = (token: string, times: number): void => {
      for (let time = 0; time < times; time++) tokens.keep(token, alive)
    }
    const long = `${'a'.repeat(2_048)}-a-long-token`
    keepFor('a-token', 1)
    keepFor('b-token', 1)
    keepFor(long, 2)
    assert.equal(tokens.find(long), alive)
    assert.equal(tokens.find('a-token'), undefined)
    assert.equal(tokens.find('b-token'), alive)
    const longest = `${'b'.repeat(8_192)}-the-longest`
    keepFor(longest, 2)
    assert.equal(tokens.find(longest), alive)
    for (const token of ['b-token', long]) assert.equal(tokens.find(token), undefined)
  })

  test('gives no place of a living token to a long one that comes once', () => {
    const tokens = createVerifiedTokens(2)
    tokens.keep('a-token', rememberedUntil(NOW_SECONDS))
    const alive = rememberedUntil(NOW_SECONDS + 1)
    tokens.keep('b-token', alive)
    const long = `${'a'.repeat(1_024)}-a-long-token`
    tokens.keep(long, alive)
    assert.equal(tokens.find(long), undefined)
    tokens.keep(long, alive)
    assert.equal(tokens.find(long), alive)
    assert.equal(tokens.find('b-token'), undefined)
  })

  test('lets go of what has expired before its turn comes', () => {
    const tokens = createVerifiedTokens(1_000)
    const names = Array.from({ length: 20 }, (_, at) =>
      createHash('md5').update(`${at}`).digest('hex'),
    )
    const [early, late] = [names.slice(0, 10), names.slice(10)]
    const ends = NOW_SECONDS + 1
    for (const name of early) tokens.keep(name, rememberedUntil(ends))
    for (const name of late) tokens.keep(name, rememberedUntil(ends + 900, ends))
    assert.deepEqual(
      names.filter((name) => tokens.find(name) !== undefined),
      late,
    )
  })

  test('holds once what tokens have in common, and nothing else of one for another', () => {
    const tokens = createVerifiedTokens<KeyObject>(2)
    const keep = (token: string, text: string): AccessClaims => {
      const claims = JSON.parse(text)
      const verification = { ok: true as const, claims }
      tokens.keep(token, { ...rememberedUntil(1), claims, verification })
      return claims
    }
    const text =
      '{"roles":["user","editor"],"amr":["pwd"],"more":{"a":1},"list":[{"a":1}],"__proto__":"x"}'
    const other =
      '{"roles":["user","admin"],"amr":["pwd"],"more":{"a":1},"list":[{"a":1}],"toString":"x"}'
    const [first, second] = [keep('a-token', text), keep('b-token', other)]
    assert.equal(first['amr'], second['amr'])
    for (const member of ['roles', 'more', 'list']) assert.notEqual(first[member], second[member])
    assert.equal(JSON.stringify(first), text)
    assert.equal(JSON.stringify(second), other)
    assert.throws(() => (second.roles ?? []).push('owner'), TypeError)
  })

  test('may be as large as a number can be', () => {
    const { verify } = createLocalVerifier(optionsFor(key, { cacheSize: Number.MAX_SAFE_INTEGER }))
    const token = signToken(key)
    assert.equal(verify(token), verify(token))
  })

  test('is not moved by a thousand tokens that come once each', () => {
    const alive = rememberedUntil(NOW_SECONDS + 1)
    const tokens = createVerifiedTokens(100)
    const names = Array.from({ length: 1100 }, (_, index) =>
      createHash('sha256').update(`${index}`).digest('hex'),
    )
    for (const name of names) tokens.keep(name, alive)
    assert.equal(names.slice(0, 100).filter((name) => tokens.find(name) !== undefined).length, 100)
  })
})

describe('a remembered token', () => {
  test('is answered from memory, unless that is switched off', () => {
    const token = signToken(key)
    const remembering = createLocalVerifier(optionsFor(key))
    assert.equal(remembering.verify(token), remembering.verify(token))
    const forgetful = createLocalVerifier(optionsFor(key, { cacheSize: 0 }))
    assert.notEqual(forgetful.verify(token), forgetful.verify(token))
  })

  test('expires on time', () => {
    let now = NOW_SECONDS * 1000
    const { verify } = createLocalVerifier(optionsFor(key, { clock: () => now }))
    const token = signToken(key)
    assert.equal(outcomeOf(verify(token)), 'accepted')
    now = CLAIMS.exp * 1000 - 1
    assert.equal(outcomeOf(verify(token)), 'accepted')
    now = CLAIMS.exp * 1000
    assert.equal(outcomeOf(verify(token)), 'expired')
  })

  test('passes every check again when the clock was set back', () => {
    let now = NOW_SECONDS * 1000
    const { verify } = createLocalVerifier(optionsFor(key, { clock: () => now }))
    const token = signToken(key)
    assert.equal(outcomeOf(verify(token)), 'accepted')
    now -= 6000
    assert.equal(outcomeOf(verify(token)), 'not_yet_valid')
    now = CLAIMS.exp * 1000
    assert.equal(outcomeOf(verify(token)), 'expired')
  })

  test('is not brought back from memory by a clock set back after it expired', () => {
    let now = NOW_SECONDS * 1000
    const { verify } = createLocalVerifier(optionsFor(key, { clock: () => now }))
    const token = signToken(key)
    const first = verify(token)
    now = CLAIMS.exp * 1000
    verify(token)
    now = NOW_SECONDS * 1000
    assert.notEqual(verify(token), first)
  })

  test('ends when its key is gone, replaced, or bound to another algorithm', () => {
    const replacements: [VerificationKey | undefined, string][] = [
      [undefined, 'unknown_key'],
      [{ ...createSigningKey('ES256'), kid: key.kid }, 'bad_signature'],
      [{ ...key, algorithm: 'HS256' }, 'wrong_algorithm'],
    ]
    for (const [replacement, outcome] of replacements) {
      let current: VerificationKey | undefined = key
      const { verify } = createLocalVerifier(optionsFor(key, { findKey: () => current }))
      const token = signToken(key)
      assert.equal(outcomeOf(verify(token)), 'accepted')
      current = replacement
      assert.equal(outcomeOf(verify(token)), outcome)
      current = key
      assert.equal(outcomeOf(verify(token)), 'accepted')
    }
  })

  test('is verified afresh when the same key comes as another object', () => {
    let current: VerificationKey = key
    const { verify } = createLocalVerifier(optionsFor(key, { findKey: () => current }))
    const token = signToken(key)
    const first = verify(token)
    current = { ...key, key: createPublicKey(key.key.export({ format: 'pem', type: 'spki' })) }
    const second = verify(token)
    assert.equal(second.ok, true)
    assert.notEqual(second, first)
  })

  test('makes room for newer ones', () => {
    const { verify } = createLocalVerifier(optionsFor(key, { cacheSize: 2 }))
    const tokens = ['a', 'b', 'c'].map((jti) => signToken(key, { ...CLAIMS, jti }))
    const [a = '', b = '', c = ''] = tokens
    const [ofA, ofB] = tokens.map(verify)
    assert.equal(verify(b), ofB)
    assert.equal(verify(a), ofA)
    const ofC = verify(c)
    assert.equal(verify(c), ofC)
    assert.notEqual(verify(a), ofA)
  })
})
