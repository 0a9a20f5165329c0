import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { describe, test } from 'node:test'
import { createLocalVerifier as createVerifier } from '../index.ts'
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
import type { Verification, VerificationKey } from '../index.ts'
import { createTokenCheck } from '../tokens/check-token.ts'
import { rememberSignatures } from './known-signatures.ts'
import { nodeCryptography } from './node-cryptography.ts'

const key = createSigningKey('ES256')
const token = signToken(key)

describe('a remembered signature', () => {
  test('is known for this text by this key, and for nothing else', () => {
    const known = rememberSignatures(10)
    known.add(key, token)
    assert.equal(known.has(key, token), true)
    const other = createSigningKey('ES256')
    for (let at = 0; at < token.length; at++) {
      const altered = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
      assert.equal(known.has(key, altered), false, `another character at ${at}`)
    }
    assert.equal(known.has(key, `${token}A`), false)
    assert.equal(known.has(key, token.slice(0, -1)), false)
    assert.equal(known.has({ ...key, algorithm: 'EdDSA' }, token), false)
    assert.equal(known.has({ ...key, key: other.key }, token), false)
    assert.equal(known.has(other, token), false)
  })

  test('leaves for newer ones, unless it is asked for', () => {
    const known = rememberSignatures(4)
    known.add(key, 'asked')
    for (const other of ['b', 'c', 'd', 'e']) {
      known.add(key, other)
      assert.equal(known.has(key, 'asked'), true)
    }
    assert.equal(known.has(key, 'b'), false)
  })
})

describe('a token that comes again', () => {
  test('costs one signature check', () => {
    const { check, computed } = createCountingCheck()
    for (let time = 0; time < 3; time++)
      assert.deepEqual(check(token), { ok: true, claims: CLAIMS })
    assert.equal(computed(), 1)
  })

  test('is checked again when the same key comes as another object', () => {
    let current: VerificationKey = key
    const { check, computed } = createCountingCheck(() => current)
    check(token)
    current = { ...key, key: createPublicKey(key.key.export({ format: 'pem', type: 'spki' })) }
    assert.deepEqual(check(token), { ok: true, claims: CLAIMS })
    assert.equal(computed(), 2)
  })

  test('is never taken for good when it was bad', () => {
    const { check, computed } = createCountingCheck()
    check(token)
    const forged = token.slice(0, -86) + 'A'.repeat(86)
    for (let time = 0; time < 3; time++) {
      assert.deepEqual(check(forged), { ok: false, reason: 'bad_signature' })
    }
    const twin = malleableTwin(token)
    check(twin)
    assert.deepEqual(check(forged), { ok: false, reason: 'bad_signature' })
    // Zeros do not even have the form of a signature, but the question is asked.
    assert.equal(computed(), 6)
  })

  test('is read as it was at first, whatever was read in between', () => {
    const { check } = createCountingCheck()
    const claims = { ...CLAIMS, h: 1, '\n': 2 }
    const odd = signToken(key, claims)
    assert.deepEqual(check(odd), { ok: true, claims })
    // Taught by this text, V8 takes one escaped name for the other (encoding/escaped-names.ts).
    check(signToken(key, { ...CLAIMS, h: [], '\\': 0 }))
    assert.deepEqual(check(odd), { ok: true, claims })
  })

  test('passes beside tokens of another header', () => {
    const { check, computed } = createCountingCheck()
    const other = signToken(key, CLAIMS, { ...headerFor(key), typ: 'application/at+jwt' })
    for (let time = 0; time < 3; time++) {
      assert.equal(outcomeOf(check(token)), 'accepted')
      assert.equal(outcomeOf(check(other)), 'accepted')
    }
    assert.ok(computed() <= 6)
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
    assert.equal(outcomeOf(verify(token)), 'accepted')
    current = { ...createSigningKey('ES256'), kid: key.kid }
    assert.equal(outcomeOf(verify(token)), 'bad_signature')
    current = undefined
    assert.equal(outcomeOf(verify(token)), 'unknown_key')
  })

  test('a size that is none is refused at start', () => {
    for (const signatureCacheSize of [-1, 0.5, Number.NaN, 10_000_001, Number.MAX_SAFE_INTEGER]) {
      assert.throws(() => createVerifier(optionsFor(key, { signatureCacheSize })), /signatureCache/)
    }
  })
})

function createCountingCheck(findKey: () => VerificationKey = () => key) {
  let count = 0
  const check = createTokenCheck({
    cryptography: {
      ...nodeCryptography,
      knownSignatures: rememberSignatures(10),
      isSignatureValid: (...parts) => {
        count++
        return nodeCryptography.isSignatureValid(...parts)
      },
    },
    rules: { issuer: ISSUER, audiences: new Set([ISSUER]), requireSession: false },
    findKey,
    findRevocation: () => undefined,
    clock: () => NOW_SECONDS * 1000,
    cacheSize: 0,
  })
  // Nothing here makes it wait.
  return { check: (text: string) => check(text) as Verification, computed: () => count }
}
