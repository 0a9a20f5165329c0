import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTestRandomness, testStart } from '../foundation/deterministic.fixture.ts'
import { isServiceSecret, makeServiceSecret } from './service.ts'

const randomness = createTestRandomness()
const { secret, secretHash } = makeServiceSecret(randomness)
const service = { id: 'service-1', name: 'billing', secretHash, createdAt: testStart }

describe('the secret of a service', () => {
  test('is its own, and no other', () => {
    assert.equal(isServiceSecret(service, secret), true)
    const { secret: another } = makeServiceSecret(randomness)
    for (const wrong of [another, secret.slice(0, -1), `${secret}x`, secretHash, '']) {
      assert.equal(isServiceSecret(service, wrong), false, wrong)
    }
  })

  test('opens nothing where there is no service, nor one whose hash was damaged', () => {
    assert.equal(isServiceSecret(undefined, secret), false)
    for (const damaged of ['', secretHash.slice(0, -2), `${secretHash}AA`]) {
      assert.equal(isServiceSecret({ ...service, secretHash: damaged }, secret), false, damaged)
    }
  })
})
