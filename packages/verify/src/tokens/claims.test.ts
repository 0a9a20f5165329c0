import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createLocalVerifier, type LocalVerifierOptions } from '../index.ts'
import {
  CLAIMS,
  createSigningKey,
  ISSUER,
  NOW_SECONDS,
  optionsFor,
  outcomeOf,
  signToken,
} from './issuer.fixture.ts'

const key = createSigningKey('ES256')

function verifyClaims(claims: object, changes: Partial<LocalVerifierOptions> = {}): string {
  const token = signToken(key, { ...CLAIMS, ...claims })
  return outcomeOf(createLocalVerifier(optionsFor(key, changes)).verify(token))
}

describe('claims', () => {
  const outcomes: [string, object, string][] = [
    ['one second to live', { exp: NOW_SECONDS + 1 }, 'accepted'],
    ['half a second to live', { exp: NOW_SECONDS + 0.5 }, 'accepted'],
    ['expiry exactly now', { exp: NOW_SECONDS }, 'expired'],
    ['expiry long ago', { exp: -1 }, 'expired'],
    ['expiry so late that milliseconds overflow', { exp: 1e306 }, 'accepted'],
    ['no expiry', { exp: undefined }, 'invalid_claims'],
    ['expiry null', { exp: null }, 'invalid_claims'],
    ['expiry as text', { exp: String(NOW_SECONDS + 900) }, 'invalid_claims'],
    ['expiry as NaN in text', { exp: 'NaN' }, 'invalid_claims'],
    ['expiry in a list', { exp: [NOW_SECONDS + 900] }, 'invalid_claims'],
    ['expiry true', { exp: true }, 'invalid_claims'],
    ['issued 5 s ahead', { iat: NOW_SECONDS + 5 }, 'accepted'],
    ['issued 6 s ahead', { iat: NOW_SECONDS + 6 }, 'not_yet_valid'],
    ['issued long ago', { iat: 0 }, 'accepted'],
    ['no iat', { iat: undefined }, 'invalid_claims'],
    ['iat as text', { iat: String(NOW_SECONDS) }, 'invalid_claims'],
    ['valid from 5 s ahead', { nbf: NOW_SECONDS + 5 }, 'accepted'],
    ['valid from 6 s ahead', { nbf: NOW_SECONDS + 6 }, 'not_yet_valid'],
    ['nbf null', { nbf: null }, 'invalid_claims'],
    ['nbf as text', { nbf: '0' }, 'invalid_claims'],
    ['another issuer', { iss: 'https://evil.example' }, 'wrong_issuer'],
    ['the issuer with a slash', { iss: `${ISSUER}/` }, 'wrong_issuer'],
    ['the issuer in capitals', { iss: ISSUER.toUpperCase() }, 'wrong_issuer'],
    ['the issuer in a list', { iss: [ISSUER] }, 'invalid_claims'],
    ['no issuer', { iss: undefined }, 'invalid_claims'],
    ['another audience', { aud: 'https://other.example' }, 'wrong_audience'],
    ['the audience with a slash', { aud: `${ISSUER}/` }, 'wrong_audience'],
    ['the audience among others', { aud: ['https://other.example', ISSUER] }, 'accepted'],
    ['only other audiences', { aud: ['a', 'b'] }, 'wrong_audience'],
    ['no audience', { aud: undefined }, 'invalid_claims'],
    ['an empty list of audiences', { aud: [] }, 'invalid_claims'],
    ['an audience object', { aud: { 0: ISSUER } }, 'invalid_claims'],
    ['an audience that is no text', { aud: [ISSUER, 1] }, 'invalid_claims'],
    ['a nested audience', { aud: [[ISSUER]] }, 'invalid_claims'],
    ['no subject', { sub: undefined }, 'invalid_claims'],
    ['an empty subject', { sub: '' }, 'invalid_claims'],
    ['a subject object', { sub: { $ne: null } }, 'invalid_claims'],
    ['no jti', { jti: undefined }, 'invalid_claims'],
    ['an empty jti', { jti: '' }, 'invalid_claims'],
    ['no client', { client_id: undefined }, 'invalid_claims'],
    ['a client number', { client_id: 1 }, 'invalid_claims'],
    ['no session', { sid: undefined, epoch: undefined }, 'accepted'],
    ['an empty session', { sid: '' }, 'invalid_claims'],
    ['a session null', { sid: null }, 'invalid_claims'],
    ['epoch 0', { epoch: 0 }, 'accepted'],
    ['a negative epoch', { epoch: -1 }, 'invalid_claims'],
    ['a broken epoch', { epoch: 0.5 }, 'invalid_claims'],
    ['an unsafe epoch', { epoch: 2 ** 53 }, 'invalid_claims'],
    ['an epoch as text', { epoch: '3' }, 'invalid_claims'],
    ['no roles', { roles: undefined }, 'accepted'],
    ['an empty list of roles', { roles: [] }, 'accepted'],
    ['roles as text', { roles: 'admin' }, 'invalid_claims'],
    ['roles with a number', { roles: ['user', 1] }, 'invalid_claims'],
    ['roles null', { roles: null }, 'invalid_claims'],
  ]
  for (const [what, claims, outcome] of outcomes) {
    test(`with ${what}: ${outcome}`, () => {
      assert.equal(verifyClaims(claims), outcome)
    })
  }

  for (const literal of ['1e400', '-1e400']) {
    for (const name of ['exp', 'iat', 'nbf']) {
      test(`with ${name} ${literal}, which is no finite number: invalid_claims`, () => {
        const json = JSON.stringify({ ...CLAIMS, [name]: 'here' }).replace('"here"', literal)
        const { verify } = createLocalVerifier(optionsFor(key))
        assert.equal(outcomeOf(verify(signToken(key, json))), 'invalid_claims')
      })
    }
  }

  test('one of several own audiences suffices', () => {
    const audience = ['https://api.example', ISSUER]
    assert.equal(verifyClaims({}, { audience }), 'accepted')
    assert.equal(verifyClaims({ aud: 'https://api.example' }, { audience }), 'accepted')
    assert.equal(verifyClaims({ aud: 'https://other.example' }, { audience }), 'wrong_audience')
  })

  test('must name the session where that is required', () => {
    assert.equal(verifyClaims({}, { requireSession: true }), 'accepted')
    assert.equal(verifyClaims({ sid: undefined }, { requireSession: true }), 'invalid_claims')
    assert.equal(verifyClaims({ epoch: undefined }, { requireSession: true }), 'invalid_claims')
  })

  test('are refused by a clock that has no answer', () => {
    assert.equal(verifyClaims({}, { clock: () => Number.NaN }), 'expired')
  })

  test('are frozen to the bottom, so that no caller changes them for another', () => {
    const { verify } = createLocalVerifier(optionsFor(key))
    const token = signToken(key, { ...CLAIMS, plan: { seats: [{ row: 1 }] } })
    const verification = verify(token)
    assert.ok(verification.ok)
    assert.throws(() => Object.assign(verification, { ok: false }), TypeError)
    assert.throws(() => Object.assign(verification.claims, { sub: 'root' }), TypeError)
    assert.throws(() => verification.claims.roles?.push('admin'), TypeError)
    const { seats } = Object(verification.claims['plan'])
    assert.throws(() => Object.assign(seats[0], { row: 2 }), TypeError)
    assert.equal(verify(token), verification)
  })
})
