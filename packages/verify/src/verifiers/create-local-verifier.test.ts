import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createLocalVerifier, type LocalVerifierOptions } from '../index.ts'
import {
  CLAIMS,
  createSigningKey,
  headerFor,
  ISSUER,
  malleableTwin,
  NOW_SECONDS,
  optionsFor,
  outcomeOf,
  signToken,
} from '../tokens/issuer.fixture.ts'

const key = createSigningKey('ES256')

describe('a verifier', () => {
  for (const algorithm of ['ES256', 'EdDSA', 'RS256', 'PS256', 'HS256'] as const) {
    test(`accepts an access token signed with ${algorithm}`, () => {
      const signer = createSigningKey(algorithm)
      const { verify } = createLocalVerifier(optionsFor(signer))
      assert.deepEqual(verify(signToken(signer)), { ok: true, claims: CLAIMS })
    })
  }

  test('accepts both spellings of the type', () => {
    for (const typ of ['at+jwt', 'application/at+jwt']) {
      const token = signToken(key, CLAIMS, { ...headerFor(key), typ })
      assert.equal(createLocalVerifier(optionsFor(key)).verify(token).ok, true)
    }
  })

  test('passes on claims it does not know', () => {
    const token = signToken(key, { ...CLAIMS, plan: { seats: [1, 2] } })
    const verification = createLocalVerifier(optionsFor(key)).verify(token)
    assert.deepEqual(verification.ok && verification.claims['plan'], { seats: [1, 2] })
  })

  test('answers the same with and without its memory', () => {
    const remembering = createLocalVerifier(optionsFor(key))
    const forgetful = createLocalVerifier(optionsFor(key, { cacheSize: 0 }))
    const good = signToken(key)
    for (const token of [good, good, `${good}A`, good.slice(1), malleableTwin(good), '', good]) {
      assert.deepEqual(remembering.verify(token), forgetful.verify(token))
    }
  })
})

describe('revocation', () => {
  test('is asked about every token, remembered or not', () => {
    const revoked = new Set<unknown>()
    const { verify } = createLocalVerifier(
      optionsFor(key, { isRevoked: ({ sid }) => revoked.has(sid) }),
    )
    const token = signToken(key)
    assert.equal(outcomeOf(verify(token)), 'accepted')
    revoked.add(CLAIMS.sid)
    assert.equal(outcomeOf(verify(token)), 'revoked')
    assert.equal(outcomeOf(verify(token)), 'revoked')
  })

  test('of a session also ends the twin of its token, which has another text', () => {
    const revoked = new Set<unknown>()
    const { verify } = createLocalVerifier(
      optionsFor(key, { isRevoked: ({ sid }) => revoked.has(sid) }),
    )
    const token = signToken(key)
    const twin = malleableTwin(token)
    assert.notEqual(twin, token)
    assert.equal(outcomeOf(verify(token)), 'accepted')
    assert.equal(outcomeOf(verify(twin)), 'accepted')
    revoked.add(CLAIMS.sid)
    assert.equal(outcomeOf(verify(token)), 'revoked')
    assert.equal(outcomeOf(verify(twin)), 'revoked')
  })

  test('by epoch reaches tokens that are remembered', () => {
    let epoch = 3
    const isRevoked: LocalVerifierOptions['isRevoked'] = (claims) => (claims.epoch ?? -1) < epoch
    const { verify } = createLocalVerifier(optionsFor(key, { isRevoked }))
    const token = signToken(key)
    assert.equal(outcomeOf(verify(token)), 'accepted')
    epoch = 4
    assert.equal(outcomeOf(verify(token)), 'revoked')
  })

  test('is not asked about tokens that are refused anyway', () => {
    let asked = 0
    const isRevoked = (): boolean => {
      asked++
      return false
    }
    const { verify } = createLocalVerifier(optionsFor(key, { isRevoked }))
    verify(signToken(createSigningKey('ES256')))
    verify(signToken(key, { ...CLAIMS, exp: NOW_SECONDS }))
    assert.equal(asked, 0)
  })

  test('holds unless the answer is false', () => {
    for (const answer of [undefined, null, Promise.resolve(false)]) {
      const options = Object.assign(optionsFor(key), { isRevoked: () => answer })
      const { verify } = createLocalVerifier(options)
      assert.equal(outcomeOf(verify(signToken(key))), 'revoked')
    }
  })
})

describe('options', () => {
  const refused: [string, object, RegExp][] = [
    ['an empty issuer', { issuer: '' }, /Set "issuer"/],
    ['no issuer', { issuer: undefined }, /Set "issuer"/],
    ['an empty audience', { audience: '' }, /Set "audience"/],
    ['no audience in the list', { audience: [] }, /Set "audience"/],
    ['an empty audience in the list', { audience: [ISSUER, ''] }, /Set "audience"/],
    ['no key look-up', { findKey: undefined }, /Set "findKey"/],
    ['a list as isRevoked', { isRevoked: [] }, /Set "isRevoked"/],
    ['a time as clock', { clock: 0 }, /Set "clock"/],
    ['a negative cacheSize', { cacheSize: -1 }, /Set "cacheSize"/],
    ['a broken cacheSize', { cacheSize: 1.5 }, /Set "cacheSize"/],
    ['an endless cacheSize', { cacheSize: Infinity }, /Set "cacheSize"/],
  ]
  for (const [what, changes, mend] of refused) {
    test(`with ${what} stop the start, and say how to mend it`, () => {
      const options: LocalVerifierOptions = { ...optionsFor(key), ...changes }
      assert.throws(() => createLocalVerifier(options), { name: 'TypeError', message: mend })
    })
  }
})
