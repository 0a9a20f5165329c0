import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { calculateJwkThumbprint } from 'jose'
import { generateKey, type PairAlgorithm, publicKeyOf, toPublishedJwk } from './signing-key.ts'

const algorithms: readonly PairAlgorithm[] = ['ES256', 'EdDSA', 'RS256', 'PS256']

describe('a signing key', () => {
  for (const algorithm of algorithms) {
    test(`of ${algorithm} publishes its public half alone, under its thumbprint (RFC 7638)`, async () => {
      const key = { ...(await generateKey(algorithm)), algorithm }
      const jwk = toPublishedJwk(key)
      assert.equal(jwk.kid, key.kid)
      assert.equal(await calculateJwkThumbprint(jwk), key.kid)
      assert.deepEqual([jwk.alg, jwk.use], [algorithm, 'sig'])
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) {
        assert.equal(member in jwk, false, member)
      }
      assert.ok(publicKeyOf(key.privateKey).equals(key.publicKey))
    })
  }

  test('is of the curve or the length that its algorithm needs', async () => {
    const es256 = await generateKey('ES256')
    assert.equal(es256.privateKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
    const eddsa = await generateKey('EdDSA')
    assert.equal(eddsa.privateKey.asymmetricKeyType, 'ed25519')
    const rsa = await generateKey('RS256')
    assert.equal(rsa.privateKey.asymmetricKeyDetails?.modulusLength, 3072)
    assert.equal(rsa.privateKey.asymmetricKeyDetails.publicExponent, 65_537n)
  })

  test('is another each time', async () => {
    const [one, other] = [await generateKey('ES256'), await generateKey('ES256')]
    assert.notEqual(one.kid, other.kid)
  })
})
