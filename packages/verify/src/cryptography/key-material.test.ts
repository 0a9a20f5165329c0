// What platforms disagree about is decided here: an Ed25519 key of small order lets anybody sign (Node 24, Bun and Deno
// accept such signatures), Deno imports points that are on no curve, and Bun rounds 3071 bits up.

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { findMaterialMismatch } from './key-material.ts'
import * as node from './node-cryptography.ts'
import * as web from './web-cryptography.ts'

/** Every encoding of the eight points of small order, the ones that no encoder makes as well. */
const smallOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
]

describe('the numbers of a key', () => {
  test('are those of every key that is generated', () => {
    for (let round = 0; round < 100; round++) {
      const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
      const ed25519 = generateKeyPairSync('ed25519').publicKey
      assert.equal(findMaterialMismatch('ES256', p256.export({ format: 'jwk' })), undefined)
      const material = ed25519.export({ format: 'jwk' })
      assert.equal(findMaterialMismatch('EdDSA', material), undefined)
    }
    const rsa = {
      ...generateKeyPairSync('rsa', { modulusLength: 3072 }).publicKey.export({ format: 'jwk' }),
    }
    for (const algorithm of ['RS256', 'PS256'] as const) {
      assert.equal(findMaterialMismatch(algorithm, rsa), undefined)
    }
  })

  for (const hex of smallOrder) {
    test(`of an Ed25519 key by which anybody can sign are refused: ${hex}`, async () => {
      const x = Buffer.from(hex, 'hex').toString('base64url')
      const jwk = { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', kid: 'small', x }
      const refusal = { name: 'TypeError', message: /no point of Ed25519 to sign by/ }
      assert.throws(() => node.importVerificationKey(jwk), refusal)
      await assert.rejects(web.importVerificationKey(jwk), refusal)
    })
  }

  test('of Ed25519 are refused when they are on no curve, or written as no encoder does', () => {
    // y = 2 has no x. y = p + 3 is a good point, written a second time.
    const beyond = `f0${'ff'.repeat(30)}7f`
    for (const hex of [`02${'00'.repeat(31)}`, beyond, 'ff'.repeat(32), '03'.repeat(31), '']) {
      const x = Buffer.from(hex, 'hex').toString('base64url')
      assert.match(findMaterialMismatch('EdDSA', { x }) ?? '', /no point of Ed25519/, hex)
    }
    const x = Buffer.from(`03${'00'.repeat(31)}`, 'hex').toString('base64url')
    assert.equal(findMaterialMismatch('EdDSA', { x }), undefined)
  })

  test('of P-256 are refused off the curve, beyond the field and in any other length', () => {
    const { x = '', y = '' } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
      format: 'jwk',
    }) as Record<string, string>
    const bytes = Buffer.from(x, 'base64url')
    const zeros = Buffer.alloc(32)
    const others = [
      [y, x],
      [zeros.toString('base64url'), zeros.toString('base64url')],
      [x, Buffer.alloc(32, 0xff).toString('base64url')],
      [Buffer.concat([Buffer.alloc(1), bytes]).toString('base64url'), y],
      [bytes.subarray(0, 31).toString('base64url'), y],
      ['', y],
      [x, ''],
    ]
    assert.equal(findMaterialMismatch('ES256', { x, y }), undefined)
    for (const [otherX = '', otherY = ''] of others) {
      const mismatch = findMaterialMismatch('ES256', { x: otherX, y: otherY })
      assert.match(mismatch ?? '', /no point of P-256/, `${otherX} ${otherY}`)
    }
  })

  test('of RSA are counted to the bit', async () => {
    for (const modulusLength of [2048, 3071]) {
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength })
      const jwk = { ...publicKey.export({ format: 'jwk' }), alg: 'RS256', kid: 'short' }
      const refusal = { name: 'TypeError', message: /at least 3072 bits/ }
      assert.throws(() => node.importVerificationKey(jwk), refusal)
      await assert.rejects(web.importVerificationKey(jwk), refusal)
    }
    const n = Buffer.alloc(384, 0xfe).toString('base64url')
    assert.match(findMaterialMismatch('RS256', { n, e: 'AQAB' }) ?? '', /even/)
  })
})
