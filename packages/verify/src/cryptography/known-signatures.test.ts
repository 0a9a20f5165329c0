import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { describe, test } from 'node:test'
import { createLocalVerifier as createVerifier } from '../index.ts'
import {
  CLAIMS,
  createSigningKey,
  NOW_SECONDS,
  optionsFor,
  outcomeOf,
  signBytes,
  signToken,
} from '../tokens/issuer.fixture.ts'
import type { VerificationKey } from '../index.ts'
import { rememberSignatures } from './known-signatures.ts'
import { nodeCryptography } from './node-cryptography.ts'

const key = createSigningKey('ES256')
const text = 'header.payload'
const signature = signBytes(key, text)

describe('a remembered signature', () => {
  test('is computed once', () => {
    const { check, computed } = createCountingCheck(10)
    assert.equal(check(key, text, signature), true)
    assert.equal(check(key, text, Buffer.from(signature)), true)
    assert.equal(computed(), 1)
  })

  test('vouches for no other text, signature, algorithm or key', () => {
    const { check } = createCountingCheck(10)
    check(key, text, signature)
    const other = createSigningKey('ES256')
    const altered = Buffer.from(signature)
    altered.writeUInt8(altered.readUInt8(0) ^ 1, 0)
    assert.equal(check(key, `${text}A`, signature), false)
    assert.equal(check(key, text, altered), false)
    assert.equal(check(key, text, signature.subarray(0, 63)), false)
    assert.equal(check({ ...key, algorithm: 'EdDSA' }, text, signature), false)
    assert.equal(check({ ...key, key: other.key }, text, signature), false)
    assert.equal(check(other, text, signature), false)
  })

  test('is computed anew when the same key comes as another object', () => {
    const { check, computed } = createCountingCheck(10)
    check(key, text, signature)
    const pem = key.key.export({ format: 'pem', type: 'spki' })
    assert.equal(check({ ...key, key: createPublicKey(pem) }, text, signature), true)
    assert.equal(computed(), 2)
  })

  test('moves with a dot between text and signature to no other pair', () => {
    // The digest covers both as one text, so where the one ends and the other begins has to be certain.
    const { check } = createCountingCheck(10)
    check(key, text, signature)
    const start = signature.subarray(0, 33).toString('base64url')
    assert.equal(check(key, `${text}.${start}`, signature.subarray(33)), false)
  })

  test('that was bad is never remembered', () => {
    const { check, computed } = createCountingCheck(10)
    const forged = Buffer.alloc(64, 1)
    assert.equal(check(key, text, forged), false)
    assert.equal(check(key, text, forged), false)
    assert.equal(computed(), 2)
  })

  test('leaves for newer ones, unless it is asked for', () => {
    const { check, computed } = createCountingCheck(4)
    const [asked, ...others] = ['a', 'b', 'c', 'd', 'e']
    const sign = (what: string): boolean =>
      check(key, what, signatures.get(what) ?? Buffer.alloc(0))
    const signatures = new Map([asked, ...others].map((what) => [what, signBytes(key, what)]))
    sign(asked)
    for (const other of others) {
      assert.equal(sign(other), true)
      assert.equal(sign(asked), true)
    }
    assert.equal(computed(), 5, 'the one that was asked for again and again stayed')
    sign('b')
    assert.equal(computed(), 6, 'the one that nobody asked for left')
  })
})

describe('a token whose signature is remembered', () => {
  const options = { cacheSize: 0, signatureCacheSize: 10 }

  test('passes every other check each time', () => {
    let now = NOW_SECONDS * 1000
    const revoked = new Set<unknown>()
    const { verify } = createVerifier(
      optionsFor(key, {
        ...options,
        clock: () => now,
        isRevoked: ({ sid }) => revoked.has(sid),
      }),
    )
    const token = signToken(key)
    assert.equal(outcomeOf(verify(token)), 'accepted')
    assert.equal(outcomeOf(verify(token)), 'accepted')
    revoked.add(CLAIMS.sid)
    assert.equal(outcomeOf(verify(token)), 'revoked')
    now = CLAIMS.exp * 1000
    assert.equal(outcomeOf(verify(token)), 'expired')
    now = (NOW_SECONDS - 60) * 1000
    assert.equal(outcomeOf(verify(token)), 'not_yet_valid')
  })

  test('ends with its key', () => {
    let current: VerificationKey | undefined = key
    const { verify } = createVerifier(optionsFor(key, { ...options, findKey: () => current }))
    const token = signToken(key)
    assert.equal(outcomeOf(verify(token)), 'accepted')
    current = { ...createSigningKey('ES256'), kid: key.kid }
    assert.equal(outcomeOf(verify(token)), 'bad_signature')
    current = undefined
    assert.equal(outcomeOf(verify(token)), 'unknown_key')
  })

  test('a size that is none is refused at start', () => {
    for (const signatureCacheSize of [-1, 0.5, Number.NaN]) {
      assert.throws(() => createVerifier(optionsFor(key, { signatureCacheSize })), /signatureCache/)
    }
  })
})

function createCountingCheck(size: number) {
  let count = 0
  const check = rememberSignatures((...args) => {
    count++
    return nodeCryptography.isSignatureValid(...args)
  }, size)
  return { check, computed: () => count }
}
