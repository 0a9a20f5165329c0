import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, test } from 'node:test'
import { createSigningKey } from '../tokens/issuer.fixture.ts'
import type { VerificationJwk } from './jwk.ts'
import type { Algorithm } from './keys.ts'
import { findKeyMismatch, importJwks, importVerificationKey } from './node-cryptography.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 3072 }).publicKey
const keys: Record<Algorithm, KeyObject> = {
  ES256: createSigningKey('ES256').key,
  EdDSA: createSigningKey('EdDSA').key,
  RS256: rsa,
  PS256: rsa,
  HS256: createSigningKey('HS256').key,
}
const algorithms = ['ES256', 'EdDSA', 'RS256', 'PS256', 'HS256'] as const

function jwkOf(alg: Algorithm, members: object = {}): VerificationJwk {
  return { ...keys[alg].export({ format: 'jwk' }), kid: 'key-1', alg, ...members }
}

describe('importVerificationKey', () => {
  for (const alg of algorithms) {
    test(`imports ${alg}`, () => {
      const imported = importVerificationKey(jwkOf(alg, { use: 'sig', key_ops: ['verify'] }))
      assert.equal(imported.kid, 'key-1')
      assert.equal(imported.algorithm, alg)
      assert.ok(imported.key.equals(keys[alg]))
    })
  }

  const weakRsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
  const oddRsa = generateKeyPairSync('rsa', { modulusLength: 3072, publicExponent: 3 }).publicKey
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey
  const refused: [string, VerificationJwk, RegExp][] = [
    ['no kid', jwkOf('ES256', { kid: undefined }), /no "kid"/],
    ['an empty kid', jwkOf('ES256', { kid: '' }), /no "kid"/],
    ['no alg', jwkOf('ES256', { alg: undefined }), /"alg" set to one of ES256/],
    ['alg none', jwkOf('ES256', { alg: 'none' }), /"alg" set to one of/],
    ['alg in lower case', jwkOf('ES256', { alg: 'es256' }), /"alg" set to one of/],
    ['an alg that is a member of every object', jwkOf('ES256', { alg: 'toString' }), /"alg" set/],
    ['an EC key for HS256', jwkOf('ES256', { alg: 'HS256' }), /"kty" oct/],
    [
      'an EC key for HS256 with a secret in it',
      jwkOf('ES256', { alg: 'HS256', k: 'A'.repeat(43) }),
      /"kty" oct/,
    ],
    ['an EC key for RS256', jwkOf('ES256', { alg: 'RS256' }), /must have "kty" RSA/],
    ['a secret for ES256', jwkOf('HS256', { alg: 'ES256' }), /must have "kty" EC and "crv" P-256/],
    ['P-384', { ...p384.export({ format: 'jwk' }), kid: 'k', alg: 'ES256' }, /"crv" P-256/],
    [
      'P-384 called P-256',
      { ...p384.export({ format: 'jwk' }), crv: 'P-256', kid: 'k', alg: 'ES256' },
      /not a valid EC key/,
    ],
    [
      'a point off the curve',
      jwkOf('ES256', { x: Buffer.alloc(32, 7).toString('base64url') }),
      /not a valid EC key/,
    ],
    ['a missing coordinate', jwkOf('ES256', { y: undefined }), /not a valid EC key/],
    ['an Ed25519 key that is too short', jwkOf('EdDSA', { x: 'AAAA' }), /not a valid OKP key/],
    [
      'RSA of 2048 bits',
      { ...weakRsa.export({ format: 'jwk' }), kid: 'k', alg: 'RS256' },
      /at least 3072 bits/,
    ],
    [
      'RSA with exponent 3',
      { ...oddRsa.export({ format: 'jwk' }), kid: 'k', alg: 'PS256' },
      /odd exponent of at least 65537/,
    ],
    ['RSA with exponent 1', jwkOf('RS256', { e: 'AQ' }), /odd exponent|not a valid RSA/],
    ['RSA with an even exponent', jwkOf('RS256', { e: 'AQAC' }), /odd exponent|not a valid RSA/],
    [
      'a secret of 31 bytes',
      jwkOf('HS256', { k: Buffer.alloc(31, 1).toString('base64url') }),
      /at least 32 bytes/,
    ],
    [
      'a padded secret',
      jwkOf('HS256', { k: `${Buffer.alloc(32, 1).toString('base64url')}=` }),
      /unpadded base64url/,
    ],
    ['a key for encryption', jwkOf('ES256', { use: 'enc' }), /not for verifying/],
    ['a key to sign with', jwkOf('ES256', { key_ops: ['sign'] }), /not for verifying/],
    ['key_ops that is no list', jwkOf('ES256', { key_ops: 'verify' }), /not for verifying/],
  ]
  for (const [what, jwk, mend] of refused) {
    test(`refuses ${what}, and says how to mend it`, () => {
      assert.throws(() => importVerificationKey(jwk), { name: 'TypeError', message: mend })
    })
  }

  for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']) {
    test(`refuses a key with the private member ${member}, and does not print it`, () => {
      const jwk = jwkOf('RS256', { [member]: 'private-part' })
      assert.throws(
        () => importVerificationKey(jwk),
        (error) =>
          error instanceof TypeError &&
          error.message.includes('holds a private key') &&
          !error.message.includes('private-part'),
      )
    })
  }

  for (const what of [null, undefined, 'key', 1, []]) {
    test(`refuses ${JSON.stringify(what)} in place of a key`, () => {
      const jwk: VerificationJwk = JSON.parse(JSON.stringify({ what })).what
      assert.throws(() => importVerificationKey(jwk), { message: /must be a JWK object/ })
    })
  }
})

describe('importJwks', () => {
  test('finds each key by its kid and no other', () => {
    const findKey = importJwks({
      keys: [jwkOf('ES256', { kid: 'a' }), jwkOf('EdDSA', { kid: 'b' })],
    })
    assert.equal(findKey('a')?.algorithm, 'ES256')
    assert.equal(findKey('b')?.algorithm, 'EdDSA')
    assert.equal(findKey('a'), findKey('a'))
    for (const kid of ['', 'c', 'A', '__proto__', 'constructor', 'toString']) {
      assert.equal(findKey(kid), undefined)
    }
  })

  test('ignores entries it does not understand (RFC 7517 §5)', () => {
    const strangers: object[] = [
      { kty: 'AKP', alg: 'ML-DSA-44', kid: 'x', pub: 'AAAA' },
      { kty: 'EC', crv: 'P-384', alg: 'ES384', kid: 'x', x: 'AAAA', y: 'AAAA' },
      { kty: 'EC', crv: 'secp256k1', alg: 'ES256', kid: 'x' },
      { kty: 'OKP', crv: 'Ed448', alg: 'EdDSA', kid: 'x', x: 'AAAA' },
      { kty: 'RSA', alg: 'RSA-OAEP', kid: 'x' },
      jwkOf('ES256', { use: 'enc' }),
      jwkOf('ES256', { key_ops: ['deriveKey'] }),
      jwkOf('ES256', { kid: undefined }),
      jwkOf('ES256', { alg: undefined }),
    ]
    const findKey = importJwks({ keys: [...strangers, jwkOf('ES256')] })
    assert.equal(findKey('key-1')?.algorithm, 'ES256')
    assert.equal(findKey('x'), undefined)
  })

  const refused: [string, object, RegExp][] = [
    ['a kid that stands twice', { keys: [jwkOf('ES256'), jwkOf('EdDSA')] }, /"key-1" twice/],
    ['a private key', { keys: [jwkOf('ES256', { d: 'AAAA' })] }, /holds a private key/],
    ['a secret key', { keys: [jwkOf('HS256')] }, /holds the secret key "key-1"/],
    ['a key that is not one', { keys: [jwkOf('ES256', { x: 'AAAA' })] }, /not a valid EC key/],
    ['an empty set', { keys: [] }, /no usable key/],
    ['a set of strangers', { keys: [{ kty: 'AKP', alg: 'ML-DSA-44', kid: 'x' }] }, /no usable key/],
    ['entries that are no objects', { keys: [null, 'a', 1, []] }, /no usable key/],
    ['a set without keys', {}, /an array "keys"/],
    ['a single key', jwkOf('ES256'), /an array "keys"/],
  ]
  for (const [what, jwks, mend] of refused) {
    test(`refuses ${what}`, () => {
      const parsed: { keys: VerificationJwk[] } = JSON.parse(JSON.stringify(jwks))
      assert.throws(() => importJwks(parsed), { name: 'TypeError', message: mend })
    })
  }
})

describe('findKeyMismatch', () => {
  test('lets each key do its own algorithm and no other', () => {
    for (const algorithm of algorithms) {
      for (const other of algorithms) {
        const fits = findKeyMismatch(algorithm, keys[other]) === undefined
        const bothRsa = keys[other].asymmetricKeyType === 'rsa' && /^[RP]S/.test(algorithm)
        assert.equal(fits, algorithm === other || bothRsa, `${other} key for ${algorithm}`)
      }
    }
  })

  test('wants the curve of ES256 and the exact Edwards curve', () => {
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey
    assert.match(findKeyMismatch('ES256', p384) ?? '', /on the curve P-256/)
    const ed448 = generateKeyPairSync('ed448').publicKey
    assert.match(findKeyMismatch('EdDSA', ed448) ?? '', /needs an Ed25519 key/)
  })

  test('wants no private key', () => {
    const { signingKey } = createSigningKey('ES256')
    assert.match(findKeyMismatch('ES256', signingKey) ?? '', /needs a public key/)
  })
})
