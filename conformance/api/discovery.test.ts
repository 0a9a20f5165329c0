import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { createLocalJWKSet, createRemoteJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { call } from '../client/call.fixture.ts'
import { headerOf, newcomer, profileOf, textOf } from '../client/people.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import { behindEachDoor, type Variables } from '../targets/target.fixture.ts'

/** The members that a public key may have; anything more would be a private part or a surprise. */
const publicMembers = ['alg', 'crv', 'e', 'key_ops', 'kid', 'kty', 'n', 'use', 'x', 'y']

behindEachDoor({ doors: ['program', 'express'] }, (target) => {
  test('publishes public keys for signing and nothing else of them, for everybody to keep for a while (RFC 7517, v5.0.0-11.6.1)', async () => {
    const answer = await call(target(), '/.well-known/jwks.json')
    assert.equal(answer.status, 200)
    assert.match(answer.headers['cache-control'] ?? '', /^public, max-age=\d+$/)
    const keys = answer.json.keys as JsonWebKeyWithId[]
    assert.ok(keys.length >= 1)
    for (const key of keys) {
      assert.deepEqual(
        Object.keys(key).filter((name) => !publicMembers.includes(name)),
        [],
      )
      assert.equal(key.use, 'sig')
      assert.equal(key.alg, 'ES256')
      assert.equal(createPublicKey({ key, format: 'jwk' }).type, 'public')
    }
    assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length)
  })

  test('another service verifies our tokens with the published keys alone', async () => {
    const { token, id } = await newcomer(target())
    const metadata = await call(target(), '/.well-known/oauth-authorization-server')
    const { issuer, jwks_uri: uri } = metadata.json as { issuer: string; jwks_uri: string }
    const url = new URL(new URL(uri).pathname, `http://127.0.0.1:${target().port}`)
    const { payload } = await jwtVerify(token, createRemoteJWKSet(url), {
      issuer,
      audience: issuer,
      typ: 'at+jwt',
      algorithms: ['ES256'],
      requiredClaims: ['sub', 'exp', 'iat', 'jti', 'client_id'],
    })
    assert.equal(payload.sub, id)
  })

  test('the metadata name the issuer of the tokens and offer no grant (RFC 8414 §2, RFC 9700 §2.4, v5.0.0-10.4.4)', async () => {
    const answer = await call(target(), '/.well-known/oauth-authorization-server')
    assert.equal(answer.status, 200)
    assert.equal(answer.json.issuer, target().publicUrl)
    assert.equal(answer.json.jwks_uri, `${target().publicUrl}/.well-known/jwks.json`)
    assert.deepEqual(answer.json.grant_types_supported, [])
    assert.deepEqual(answer.json.response_types_supported, [])
    for (const path of ['/token', '/authorize', '/oauth/token', '/api/auth/token']) {
      const answer = await call(target(), path, {
        body: 'grant_type=password&username=a&password=b',
      })
      assert.equal(answer.status, 404)
    }
  })

  test('health tells balancers what they need, and strangers nothing more', async () => {
    for (const path of ['/health/live', '/health/ready']) {
      const answer = await call(target(), path)
      assert.equal(answer.status, 200)
      assert.deepEqual(answer.json, { status: 'ok' })
    }
  })

  test('metrics are not there unless they were asked for (v5.0.0-13.4.5)', async () => {
    const { token } = await newcomer(target())
    const answer = await call(target(), '/metrics', { token })
    assert.equal(answer.status, 404)
  })

  test('the public information is name, version and registration', async () => {
    const answer = await call(target(), '/api/users/public')
    assert.deepEqual(Object.keys(answer.json).sort(), ['name', 'registration', 'version'])
    assert.equal(answer.json.registration, 'open')
  })
})

type JsonWebKeyWithId = JsonWebKey & { readonly kid: string }

const metricsToken = 'metrics-token-4711-x'

behindEachDoor(
  { doors: ['program', 'express'], variables: { METRICS_TOKEN: metricsToken } },
  (target) => {
    test('metrics open to the holder of their own token alone (v5.0.0-13.4.5)', async () => {
      const { token } = await newcomer(target())
      assertProblem(await call(target(), '/metrics'), 401, 'no_token')
      for (const wrong of [token, `${metricsToken}x`, metricsToken.slice(1), 'x']) {
        assertProblem(await call(target(), '/metrics', { token: wrong }), 401, 'invalid_token')
      }
      const query = await call(target(), `/metrics?access_token=${metricsToken}`)
      assertProblem(query, 401, 'no_token')
      const answer = await call(target(), '/metrics', { token: metricsToken })
      assert.equal(answer.status, 200)
      assert.match(
        answer.headers['content-type'] ?? '',
        /^text\/plain; version=0\.0\.4; charset=utf-8$/,
      )
      assert.match(
        answer.text,
        /countersign_http_request_duration_seconds_count\{.*route="\/api\/auth\/login"/,
      )
      assertProblem(await profileOf(target(), metricsToken), 401, 'invalid_token')
    })

    test('made-up paths and methods make no series, and no path of a caller stands in one', async () => {
      for (let number = 0; number < 20; number++) {
        await call(target(), `/made/up/${number}`, {
          method: number % 2 === 0 ? 'PROPFIND' : 'GET',
        })
        await call(target(), `/api/users/${number}-id`, { method: 'PURGE' })
      }
      const answer = await call(target(), '/metrics', { token: metricsToken })
      assert.doesNotMatch(answer.text, /made|-id|PROPFIND|PURGE/)
    })
  },
)

const algorithms: Readonly<Record<string, Variables>> = {
  EdDSA: { JWT_ALGORITHM: 'EdDSA' },
  PS256: { JWT_ALGORITHM: 'PS256' },
  RS256: { JWT_ALGORITHM: 'RS256' },
}

for (const [algorithm, variables] of Object.entries(algorithms)) {
  behindEachDoor({ doors: ['express'], variables }, (target) => {
    test(`signs with ${algorithm} by configuration, with a key of at least 128 bits of strength (v5.0.0-11.2.2, v5.0.0-11.2.3)`, async () => {
      const { token } = await newcomer(target())
      assert.equal(headerOf(token).alg, algorithm)
      assert.equal((await profileOf(target(), token)).status, 200)
      const answer = await call(target(), '/.well-known/jwks.json')
      const keySet = answer.json as unknown as JSONWebKeySet
      await jwtVerify(token, createLocalJWKSet(keySet), { algorithms: [algorithm] })
      for (const key of keySet.keys) {
        assert.equal(key.alg, algorithm)
        if (key.n !== undefined) {
          assert.ok(Buffer.from(textOf(key.n), 'base64url').length * 8 >= 3072)
        } else {
          assert.equal(key.crv, 'Ed25519')
        }
      }
    })
  })
}
