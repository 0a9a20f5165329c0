import assert from 'node:assert/strict'
import { constants, createPublicKey, createSecretKey, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { createSigningKey, signBytes } from '../tokens/issuer.fixture.ts'
import type { VerificationKey } from '../index.ts'
import { isSignatureValid } from './node-cryptography.ts'

const RFC7515_PAYLOAD =
  'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'

interface Vector {
  source: string
  key: VerificationKey
  signingInput: string
  signature: string
}

const vectors: Vector[] = [
  {
    source: 'RFC 7515 A.1 (HS256)',
    key: {
      kid: 'a1',
      algorithm: 'HS256',
      key: createSecretKey(
        'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
        'base64url',
      ),
    },
    signingInput: `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${RFC7515_PAYLOAD}`,
    signature: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
  },
  {
    source: 'RFC 7515 A.3 (ES256)',
    key: {
      kid: 'a3',
      algorithm: 'ES256',
      key: createPublicKey({
        format: 'jwk',
        key: {
          kty: 'EC',
          crv: 'P-256',
          x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
          y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
        },
      }),
    },
    signingInput: `eyJhbGciOiJFUzI1NiJ9.${RFC7515_PAYLOAD}`,
    signature:
      'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
  },
  {
    source: 'RFC 8037 A.4 (EdDSA)',
    key: {
      kid: 'a4',
      algorithm: 'EdDSA',
      key: createPublicKey({
        format: 'jwk',
        key: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
      }),
    },
    signingInput: 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc',
    signature:
      'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
  },
]

for (const { source, key, signingInput, signature } of vectors) {
  test(`accepts the example of ${source}, and no bit of it changed`, () => {
    const bytes = Buffer.from(signature, 'base64url')
    assert.equal(isSignatureValid(key, signingInput, bytes), true)
    assert.equal(isSignatureValid(key, `${signingInput}A`, bytes), false)
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8((bytes[at] ?? 0) ^ 1, at)
      assert.equal(isSignatureValid(key, signingInput, changed), false)
    }
  })
}

describe('isSignatureValid', () => {
  for (const algorithm of ['ES256', 'EdDSA', 'RS256', 'PS256', 'HS256'] as const) {
    test(`accepts ${algorithm} at its own length only`, () => {
      const key = createSigningKey(algorithm)
      const signature = signBytes(key, 'text')
      assert.equal(isSignatureValid(key, 'text', signature), true)
      assert.equal(isSignatureValid(key, 'Text', signature), false)
      for (const other of [
        Buffer.alloc(0),
        signature.subarray(0, -1),
        Buffer.concat([signature, Buffer.alloc(1)]),
        Buffer.concat([Buffer.alloc(1), signature]),
        Buffer.alloc(signature.length),
        Buffer.alloc(signature.length, 0xff),
      ]) {
        assert.equal(isSignatureValid(key, 'text', other), false)
      }
    })
  }

  test('keeps RS256 and PS256 apart under one RSA key', () => {
    const rs = createSigningKey('RS256')
    const ps = { ...rs, algorithm: 'PS256' as const }
    assert.equal(isSignatureValid(ps, 'text', signBytes(rs, 'text')), false)
    assert.equal(isSignatureValid(rs, 'text', signBytes(ps, 'text')), false)
  })

  test('accepts PS256 with a salt as long as the hash alone (RFC 7518 §3.5)', () => {
    const key = createSigningKey('PS256')
    const padding = constants.RSA_PKCS1_PSS_PADDING
    for (const saltLength of [0, 20, 31, 32, 33, 64]) {
      const options = { key: key.signingKey, padding, saltLength }
      const signature = sign('sha256', Buffer.from('text'), options)
      assert.equal(isSignatureValid(key, 'text', signature), saltLength === 32, `${saltLength}`)
    }
  })

  test('refuses the Ed25519 twin with S + L (RFC 8032 §5.1.7)', () => {
    const order = (1n << 252n) + 27_742_317_777_372_353_535_851_937_790_883_648_493n
    const key = createSigningKey('EdDSA')
    const signature = signBytes(key, 'text')
    const s = BigInt(`0x${Buffer.from(signature.subarray(32).toReversed()).toString('hex')}`)
    const twin = Buffer.from((s + order).toString(16).padStart(64, '0'), 'hex').toReversed()
    assert.equal(twin.length, 32)
    const forged = Buffer.concat([signature.subarray(0, 32), twin])
    assert.equal(isSignatureValid(key, 'text', forged), false)
  })

  test('answers no when a key cannot do its algorithm', () => {
    const { key } = createSigningKey('ES256')
    const signature = Buffer.alloc(32, 1)
    assert.equal(isSignatureValid({ kid: 'k', algorithm: 'HS256', key }, 'text', signature), false)
  })
})
