import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createMasterSecrets } from '../foundation/master-secret.ts'
import { issueRefreshToken } from '../sessions/refresh-token.ts'
import { createTestSession } from '../sessions/session.fixture.ts'
import { isCsrfToken, issueCsrfToken } from './csrf-token.ts'

const oldText = 'an-older-secret-that-was-used-before-0000'
const newText = 'a-newer-secret-that-comes-into-use-11111'
const secrets = createMasterSecrets([oldText])
const token = issueCsrfToken(secrets, 'session-1')

describe('a CSRF token', () => {
  test('is of 256 bits and the same for all generations of a session', () => {
    assert.match(token, /^[\w-]{43}$/)
    assert.equal(issueCsrfToken(secrets, 'session-1'), token)
    assert.equal(isCsrfToken(secrets, 'session-1', token), true)
  })

  test('is good for its own session alone', () => {
    assert.equal(isCsrfToken(secrets, 'session-2', token), false)
    assert.equal(isCsrfToken(secrets, '', token), false)
    assert.notEqual(issueCsrfToken(secrets, 'session-2'), token)
  })

  test('is refused when it is missing, empty, cut, prolonged or changed in any bit', () => {
    const others = [
      undefined,
      '',
      'x',
      token.slice(1),
      token.slice(0, -1),
      `${token}AA`,
      `x${token}`,
    ]
    for (const text of others) assert.equal(isCsrfToken(secrets, 'session-1', text), false)
    const bytes = Buffer.from(token, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const altered = Buffer.from(bytes)
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.equal(isCsrfToken(secrets, 'session-1', altered.toString('base64url')), false)
    }
  })

  test('is no part of a refresh token, nor the other way round', () => {
    const session = createTestSession()
    const refreshToken = issueRefreshToken(secrets, session, 1)
    assert.equal(isCsrfToken(secrets, session.id, refreshToken), false)
    assert.equal(refreshToken.includes(issueCsrfToken(secrets, session.id).slice(0, 16)), false)
  })

  test('of an older master secret stays good beside the new one, and not without it', () => {
    const both = createMasterSecrets([newText, oldText])
    assert.equal(isCsrfToken(both, 'session-1', token), true)
    assert.equal(isCsrfToken(createMasterSecrets([newText]), 'session-1', token), false)
    assert.notEqual(issueCsrfToken(both, 'session-1'), token)
    // Old and new instances run side by side while `old,new` is rolled out.
    const oldNew = createMasterSecrets([oldText, newText])
    assert.equal(isCsrfToken(oldNew, 'session-1', issueCsrfToken(both, 'session-1')), true)
  })

  test('is nothing that somebody could make up', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.equal(isCsrfToken(secrets, 'session-1', text), false)
      }),
    )
  })
})
