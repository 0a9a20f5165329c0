import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
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
import { createVerifiedTokens } from './verified-tokens.ts'

const key = createSigningKey('ES256')

describe('the memory for tokens', () => {
  test('keeps a token that was dropped and kept again for its full turn', () => {
    const claims = { ...CLAIMS, exp: NOW_SECONDS + 1 }
    const verification = { ok: true as const, claims }
    const { kid, algorithm } = key
    const verified = { kid, algorithm, key: key.key, claims, verifiedAtSeconds: 0, verification }
    const tokens = createVerifiedTokens(2)
    tokens.keep('a', verified)
    tokens.drop('a')
    assert.equal(tokens.find('a'), undefined)
    tokens.keep('a', verified)
    tokens.keep('b', verified)
    assert.equal(tokens.find('a'), verified)
    tokens.keep('c', verified)
    assert.equal(tokens.find('a'), undefined)
    assert.equal(tokens.find('b'), verified)
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
    const [, ofB, ofC] = tokens.map(verify)
    assert.equal(verify(b), ofB)
    assert.equal(verify(c), ofC)
    const ofA = verify(a)
    assert.equal(verify(a), ofA)
    assert.notEqual(verify(b), ofB)
  })
})
