import assert from 'node:assert/strict'
import { createHmac, createSecretKey, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { createLocalVerifier } from '../index.ts'
import {
  CLAIMS,
  createSigningKey,
  encodePart,
  headerFor,
  malleableTwin,
  optionsFor,
  outcomeOf,
  signBytes,
  signToken,
  splitToken,
  type SigningKey,
} from './issuer.fixture.ts'
import type { Algorithm } from '../cryptography/keys.ts'
import type { TokenFailure } from './token-failure.ts'

const key = createSigningKey('ES256')
const attacker = createSigningKey('ES256', 'attacker')
const good = signToken(key)
const parts = splitToken(good)
const header = headerFor(key)
const { verify } = createLocalVerifier(optionsFor(key))

function withHeader(changes: object): string {
  return signToken(key, CLAIMS, { ...header, ...changes })
}

function withSignature(signature: Uint8Array): string {
  return `${parts.header}.${parts.payload}.${Buffer.from(signature).toString('base64url')}`
}

function refuses(reason: TokenFailure, cases: Record<string, string>): void {
  for (const [what, token] of Object.entries(cases)) {
    test(`refuses ${what} as ${reason}`, () => {
      assert.deepEqual(verify(token), { ok: false, reason })
    })
  }
}

test('the token that the cases are made from is good', () => {
  assert.equal(verify(good).ok, true)
})

describe('the header of a token', () => {
  refuses('wrong_type', {
    'an ID token': withHeader({ typ: 'JWT' }),
    'no type': withHeader({ typ: undefined }),
    'the type in capitals': withHeader({ typ: 'AT+JWT' }),
    'another type': withHeader({ typ: 'dpop+jwt' }),
    'a logout token': withHeader({ typ: 'logout+jwt' }),
    'the type in a list': withHeader({ typ: ['at+jwt'] }),
    'the type with a space': withHeader({ typ: 'at+jwt ' }),
    'the type with the prefix twice': withHeader({ typ: 'application/application/at+jwt' }),
  })

  refuses('unsupported_header', {
    crit: withHeader({ crit: ['exp'], exp: 1 }),
    'an empty crit': withHeader({ crit: [] }),
    'crit null': withHeader({ crit: null }),
    'b64 with crit': withHeader({ crit: ['b64'], b64: false }),
    'b64 without crit': withHeader({ b64: false }),
    'b64 true': withHeader({ b64: true }),
    zip: withHeader({ zip: 'DEF' }),
  })

  const kids = [
    '../../dev/null',
    "' OR '1'='1",
    '__proto__',
    'constructor',
    'toString',
    'KEY-1',
    'key-1\0',
    'k'.repeat(257),
    '',
    1,
    null,
    ['key-1'],
    { $ne: '' },
  ]
  refuses(
    'unknown_key',
    Object.fromEntries(
      kids.map((kid) => [`the kid ${JSON.stringify(kid).slice(0, 20)}`, withHeader({ kid })]),
    ),
  )
  refuses('unknown_key', { 'no kid': withHeader({ kid: undefined }) })

  const algorithms = [
    'none',
    'None',
    'NONE',
    'nOnE',
    '',
    'es256',
    'ES256 ',
    'ES384',
    'ES256K',
    'Ed25519',
    'EdDSA',
    'RS256',
    'PS256',
    'HS256',
    'HS384',
    1,
    null,
    ['ES256'],
  ]
  for (const alg of algorithms) {
    const unsigned = `${encodePart({ ...header, alg })}.${parts.payload}.`
    refuses('wrong_algorithm', {
      [`alg ${JSON.stringify(alg)}, signed by the true key`]: withHeader({ alg }),
      [`alg ${JSON.stringify(alg)}, unsigned`]: unsigned,
    })
  }

  test('is not believed about keys: an embedded jwk, jku, x5u or x5c is ignored', () => {
    const jwk = attacker.key.export({ format: 'jwk' })
    const url = 'https://evil.example/jwks.json'
    const embedded = { jwk, jku: url, x5u: url, x5c: ['AAAA'] }
    const forged = signToken(attacker, CLAIMS, { ...header, ...embedded })
    assert.equal(outcomeOf(verify(forged)), 'bad_signature')
    const stranger = signToken(attacker, CLAIMS, { ...headerFor(attacker), ...embedded })
    assert.equal(outcomeOf(verify(stranger)), 'unknown_key')
    assert.equal(outcomeOf(verify(withHeader(embedded))), 'accepted')
  })

  test('cannot make a public key serve as an HMAC secret', () => {
    const asSecret = [
      key.key.export({ format: 'pem', type: 'spki' }),
      key.key.export({ format: 'der', type: 'spki' }),
      JSON.stringify(key.key.export({ format: 'jwk' })),
    ]
    const signingInput = `${encodePart({ ...header, alg: 'HS256' })}.${parts.payload}`
    for (const secret of asSecret) {
      const mac = createHmac('sha256', secret).update(signingInput).digest('base64url')
      assert.equal(outcomeOf(verify(`${signingInput}.${mac}`)), 'wrong_algorithm')
    }
  })
})

function outcomeWith(found: object, token: string): string {
  const options = Object.assign(optionsFor(key), { findKey: () => Object(found) })
  return outcomeOf(createLocalVerifier(options).verify(token))
}

describe('a key look-up that goes wrong', () => {
  test('never accepts: a key of the wrong kind for its algorithm', () => {
    const short: SigningKey = {
      ...createSigningKey('HS256'),
      key: createSecretKey(Buffer.alloc(31)),
    }
    const hs = signToken({ ...short, signingKey: short.key })
    assert.equal(outcomeWith(short, hs), 'wrong_algorithm')
    assert.equal(outcomeWith({ ...key, key: key.signingKey }, good), 'wrong_algorithm')
    const es384: Algorithm = JSON.parse('"ES384"')
    const odd = withHeader({ alg: es384 })
    assert.equal(outcomeWith({ ...key, algorithm: es384 }, odd), 'wrong_algorithm')
  })

  test('is not asked for a kid that is empty or over 256 characters', () => {
    for (const kid of ['', 'k'.repeat(257)]) {
      assert.equal(outcomeWith(key, withHeader({ kid })), 'unknown_key')
    }
    assert.equal(outcomeWith(key, withHeader({ kid: 'k'.repeat(256) })), 'accepted')
  })

  test('never accepts: something that is no key', () => {
    for (const found of [{}, () => key, Promise.resolve(key), Object.prototype]) {
      assert.equal(outcomeWith(found, good), 'unknown_key')
    }
  })
})

describe('the signature of a token', () => {
  const der = sign('sha256', Buffer.from(`${parts.header}.${parts.payload}`), key.signingKey)
  const raw = Buffer.from(parts.signature, 'base64url')
  const zero = Buffer.alloc(32)
  const order = Buffer.from(
    'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
    'hex',
  )
  refuses('bad_signature', {
    none: `${parts.header}.${parts.payload}.`,
    'zeros (CVE-2022-21449)': withSignature(Buffer.alloc(64)),
    'r zero': withSignature(Buffer.concat([zero, raw.subarray(32)])),
    's zero': withSignature(Buffer.concat([raw.subarray(0, 32), zero])),
    'the order of the curve': withSignature(Buffer.concat([order, order])),
    DER: withSignature(der),
    'one byte more': withSignature(Buffer.concat([raw, Buffer.alloc(1)])),
    'one byte less': withSignature(raw.subarray(0, 63)),
    'r and s exchanged': withSignature(Buffer.concat([raw.subarray(32), raw.subarray(0, 32)])),
    'one of another token': withSignature(signBytes(key, 'other')),
    'one of another key under this kid': signToken(attacker, CLAIMS, header),
    'other claims': `${parts.header}.${encodePart({ ...CLAIMS, roles: ['admin'] })}.${parts.signature}`,
    'another header': `${encodePart({ ...header, cty: 'x' })}.${parts.payload}.${parts.signature}`,
    'broken claims of an unknown author': `${parts.header}.${encodePart('{')}.${parts.signature}`,
  })

  test('has a twin that is as good, which is why nothing is denied by its text', () => {
    const twin = malleableTwin(good)
    assert.notEqual(twin, good)
    assert.deepEqual(verify(twin), verify(good))
    assert.equal(malleableTwin(twin), good)
  })
})
