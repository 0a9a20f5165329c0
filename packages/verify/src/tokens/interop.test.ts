import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { describe, test } from 'node:test'
import { exportJWK, jwtVerify, SignJWT } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { createLocalVerifier } from '../index.ts'
import {
  CLAIMS,
  createSigningKey,
  headerFor,
  ISSUER,
  NOW_SECONDS,
  optionsFor,
  signToken,
  type SigningKey,
} from './issuer.fixture.ts'
import { importJwks } from '../index.ts'

describe('jose and this package', () => {
  for (const algorithm of ['ES256', 'EdDSA', 'RS256', 'PS256'] as const) {
    test(`agree on ${algorithm} tokens and JWKs, both ways`, async () => {
      const key = createSigningKey(algorithm)
      const jwk = { ...(await exportJWK(key.key)), kid: key.kid, alg: algorithm, use: 'sig' }
      const findKey = importJwks({ keys: [jwk] })
      const theirs = await new SignJWT({ ...CLAIMS })
        .setProtectedHeader(headerFor(key))
        .sign(key.signingKey)
      const verification = createLocalVerifier(optionsFor(key, { findKey })).verify(theirs)
      assert.deepEqual(verification, { ok: true, claims: CLAIMS })

      const { payload } = await jwtVerify(signToken(key), key.key, {
        issuer: ISSUER,
        audience: ISSUER,
        typ: 'at+jwt',
        currentDate: new Date(NOW_SECONDS * 1000),
      })
      assert.deepEqual(payload, CLAIMS)
    })
  }
})

describe('jsonwebtoken and this package', () => {
  test('agree on HS256 tokens under a secret that is a text, both ways', () => {
    const secret = 'correct horse battery staple, äöü'
    const shared = createSecretKey(secret, 'utf8')
    const key: SigningKey = { kid: 'k', algorithm: 'HS256', key: shared, signingKey: shared }
    const theirs = jsonwebtoken.sign({ ...CLAIMS }, secret, { header: headerFor(key) })
    const verification = createLocalVerifier(optionsFor(key)).verify(theirs)
    assert.deepEqual(verification, { ok: true, claims: CLAIMS })

    const options = { algorithms: ['HS256' as const], clockTimestamp: NOW_SECONDS }
    assert.deepEqual(jsonwebtoken.verify(signToken(key), secret, options), CLAIMS)
  })
})
