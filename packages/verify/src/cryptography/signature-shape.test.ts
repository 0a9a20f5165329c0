import assert from 'node:assert/strict'
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { hasSignatureShape } from './signature-shape.ts'
import { webCryptography } from './web-cryptography.ts'

const bits = 3072
const text = 'header.payload'

function signPss(key: KeyObject): Buffer {
  const padding = constants.RSA_PKCS1_PSS_PADDING
  return sign('sha256', Buffer.from(text), { key, padding, saltLength: 32 })
}

describe('an RSA signature', () => {
  test('is less than the modulus, or it is none, whatever the platform says', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: bits })
    const number = Buffer.from(String(publicKey.export({ format: 'jwk' }).n), 'base64url')
    const isShaped = (signature: Uint8Array) =>
      (['RS256', 'PS256'] as const).map((algorithm) =>
        hasSignatureShape(algorithm, signature, () => ({ bits, number })),
      )
    const next = (step: bigint): Buffer =>
      Buffer.from((BigInt(`0x${number.toString('hex')}`) + step).toString(16), 'hex')
    for (const good of [signPss(privateKey), next(-1n), Buffer.alloc(number.length)]) {
      assert.deepEqual(isShaped(good), [true, true])
    }
    const bad = [next(0n), next(1n), Buffer.alloc(number.length, 0xff), number.subarray(1)]
    for (const signature of bad) assert.deepEqual(isShaped(signature), [false, false])
  })

  test('holds under a key that its host does not let out', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: bits })
    const scheme = { name: 'RSA-PSS', hash: 'SHA-256' }
    const spki = publicKey.export({ format: 'der', type: 'spki' })
    const key = await crypto.subtle.importKey('spki', spki, scheme, false, ['verify'])
    const named = { kid: 'a', algorithm: 'PS256', key } as const
    const good = new Uint8Array(signPss(privateKey))
    assert.equal(await webCryptography.isSignatureValid(named, text, good), true)
    assert.equal(await webCryptography.isSignatureValid(named, `${text}.`, good), false)
    assert.equal(await webCryptography.isSignatureValid(named, text, good.subarray(1)), false)
  })
})
