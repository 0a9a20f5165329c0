// The vectors, held against both paths of @countersign/verify. RFC 9068 §4, RFC 8725 (B-1 to B-16), v5.0.0-9.1.1 to 9.2.4.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import * as onNode from '@countersign/verify'
import * as onWeb from '@countersign/verify/web'
import { readAccessTokenVectors, renderVectorFiles } from './vector-files.ts'

const vectors = readAccessTokenVectors()
const { now, issuer, audience, jwks, sharedSecret, revocation } = vectors
const common = { issuer, audience, clock: () => now * 1000 }
const secretJwk = {
  kty: 'oct',
  alg: 'HS256',
  kid: sharedSecret.kid,
  k: Buffer.from(sharedSecret.secret, 'utf8').toString('base64url'),
}

type Verify = (token: string) => onNode.Verification | Promise<onNode.Verification>

/** Both paths with the public keys, and with the secret, in place of each other. */
const secret = onNode.importVerificationKey(secretJwk)
const webSecret = await onWeb.importVerificationKey(secretJwk)
const paths: Record<string, { byKeys: Verify; bySecret: Verify }> = {
  'node:crypto': {
    byKeys: onNode.createLocalVerifier({ ...common, findKey: onNode.importJwks(jwks) }).verify,
    bySecret: onNode.createLocalVerifier({
      ...common,
      findKey: (kid) => (kid === secret.kid ? secret : undefined),
    }).verify,
  },
  WebCrypto: {
    byKeys: onWeb.createLocalVerifier({ ...common, findKey: await onWeb.importJwks(jwks) }).verify,
    bySecret: onWeb.createLocalVerifier({
      ...common,
      findKey: (kid) => (kid === webSecret.kid ? webSecret : undefined),
    }).verify,
  },
}

test('the files are what their generator writes', () => {
  for (const [name, text] of renderVectorFiles()) {
    const kept = readFileSync(join(import.meta.dirname, name), 'utf8')
    assert.ok(kept === text, `${name} differs: run node conformance/vectors/write-vectors.ts`)
  }
})

test('every vector has a name of its own, and every reason one', () => {
  const names = [...vectors.valid, ...vectors.invalid].map(({ name }) => name)
  assert.deepEqual(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  )
  const reasons = new Set<string>(vectors.invalid.map(({ reason }) => reason))
  const missing = onNode.TOKEN_FAILURES.filter((reason) => !reasons.has(reason))
  assert.deepEqual(missing, ['revoked'])
})

for (const [path, { byKeys, bySecret }] of Object.entries(paths)) {
  describe(`on ${path}`, () => {
    for (const [verify, { valid, invalid }] of [
      [byKeys, vectors],
      [bySecret, sharedSecret],
    ] as const) {
      for (const { name, token, claims } of valid) {
        test(`passes: ${name}`, async () => {
          assert.deepEqual(await verify(token), { ok: true, claims })
        })
      }
      for (const { name, token, reason } of invalid) {
        test(`fails as ${reason}: ${name}`, async () => {
          assert.deepEqual(await verify(token), { ok: false, reason })
        })
      }
    }
  })
}

describe('revoked tokens', () => {
  const held = new Map(revocation.entries.map((entry) => Object.entries(entry)).map(readEntry))
  const { verify } = onNode.createLocalVerifier({
    ...common,
    findKey: onNode.importJwks(jwks),
    isRevoked: ({ sid, sub, epoch = -1 }) =>
      held.has(`session ${sid}`) || epoch < (held.get(`subject ${sub}`) ?? 0),
  })
  for (const { name, token } of revocation.live) {
    test(`passes: ${name}`, () => {
      assert.equal(verify(token).ok, true)
    })
  }
  for (const { name, token } of revocation.revoked) {
    test(`fails as revoked: ${name}`, () => {
      assert.deepEqual(verify(token), { ok: false, reason: 'revoked' })
    })
  }
})

function readEntry(members: readonly [string, unknown][]): [string, number] {
  const entry = new Map(members)
  const epoch = Number(entry.get('epoch'))
  return entry.has('session')
    ? [`session ${String(entry.get('session'))}`, Number.POSITIVE_INFINITY]
    : [`subject ${String(entry.get('subject'))}`, epoch]
}
