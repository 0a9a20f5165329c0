import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createTestRandomness } from '../foundation/deterministic.fixture.ts'
import { encodeId } from '../foundation/ids.ts'
import { createMasterSecrets, type MasterSecrets } from '../foundation/master-secret.ts'
import { isAuthentic, issueRefreshToken, parseRefreshToken } from './refresh-token.ts'
import { createTestSession } from './session.fixture.ts'
import type { Session } from './session.ts'

const oldText = 'an-older-secret-that-was-used-before-0000'
const newText = 'a-newer-secret-that-comes-into-use-11111'
const secrets = createMasterSecrets([oldText])
const session = createTestSession()
const token = issueRefreshToken(secrets, session, 6)

function isAccepted(
  text: string,
  by: MasterSecrets = secrets,
  of: Pick<Session, 'id' | 'salt'> = session,
): boolean {
  const parsed = parseRefreshToken(text)
  return parsed !== undefined && parsed.sessionId === of.id && isAuthentic(by, parsed, of)
}

const numberOf = (text: string): number => Buffer.from(text, 'base64url').readUInt16BE(1)

describe('a refresh token', () => {
  test('is 56 characters that name session and generation, and are the same each time', () => {
    assert.match(token, /^[\w-]{56}$/)
    const parsed = parseRefreshToken(token)
    assert.deepEqual([parsed?.sessionId, parsed?.generation], [session.id, 6])
    assert.equal(issueRefreshToken(secrets, session, 6), token)
    assert.equal(isAccepted(token), true)
  })

  test('stays as it is in every later version, or an update would log everybody out', () => {
    assert.equal(token, 'ARnmAAAAAAAAAAAAAAAAAAAADAAAAAAAAAYheCTIOxI5-YvgVzCRsaqJ')
  })

  test('carries any generation that a session may reach', () => {
    const ids = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(encodeId)
    fc.assert(
      fc.property(ids, fc.maxSafeNat(), (id, generation) => {
        const text = issueRefreshToken(secrets, { id, salt: session.salt }, generation)
        const parsed = parseRefreshToken(text)
        assert.deepEqual([parsed?.sessionId, parsed?.generation], [id, generation])
        assert.equal(isAccepted(text, secrets, { id, salt: session.salt }), true)
      }),
    )
  })

  test('differs for every session, generation, salt and secret', () => {
    const others = [
      issueRefreshToken(secrets, session, 5),
      issueRefreshToken(secrets, session, 7),
      issueRefreshToken(secrets, createTestSession({ id: encodeId(Buffer.alloc(16, 1)) }), 6),
      issueRefreshToken(secrets, createTestSession({ salt: Buffer.alloc(16, 8) }), 6),
      issueRefreshToken(createMasterSecrets([newText]), session, 6),
    ]
    assert.equal(new Set([token, ...others]).size, 6)
  })
})

describe('a forged refresh token', () => {
  test('is refused with any single bit changed', () => {
    const bytes = Buffer.from(token, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const altered = Buffer.from(bytes)
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.equal(isAccepted(altered.toString('base64url')), false, `bit ${bit}`)
    }
  })

  test('is refused in any other spelling of the same bytes', () => {
    const withSigns = findTokenWithSigns()
    assert.equal(isAccepted(withSigns), true)
    for (const text of [
      `${token}=`,
      `${token}==`,
      ` ${token}`,
      `${token} `,
      `${token}\n`,
      `"${token}"`,
      `${token.slice(0, 28)}\n${token.slice(28)}`,
      encodeURIComponent(`${token}=`),
      withSigns.replaceAll('-', '+').replaceAll('_', '/'),
      Buffer.from(token, 'base64url').toString('hex'),
      `${token.slice(0, 55)}.`,
      token.slice(0, 55) + String.fromCodePoint(0xff00 + token.charCodeAt(55) - 0x20),
    ]) {
      assert.equal(parseRefreshToken(text), undefined, JSON.stringify(text))
    }
  })

  test('is refused when it is shorter, longer, empty or of another version', () => {
    for (let length = 0; length < token.length; length++) {
      assert.equal(parseRefreshToken(token.slice(0, length)), undefined)
    }
    assert.equal(parseRefreshToken(`${token}A`), undefined)
    for (const version of [0, 2, 255]) {
      const bytes = Buffer.from(token, 'base64url')
      bytes.writeUInt8(version, 0)
      assert.equal(parseRefreshToken(bytes.toString('base64url')), undefined)
    }
  })

  test('is refused when its generation is beyond what numbers hold exactly', () => {
    const bytes = Buffer.from(token, 'base64url')
    bytes.fill(0xff, 19, 26)
    assert.equal(parseRefreshToken(bytes.toString('base64url')), undefined)
    bytes.writeUInt8(0x20, 19)
    bytes.fill(0, 20, 26)
    assert.equal(parseRefreshToken(bytes.toString('base64url')), undefined)
    bytes.writeUInt8(0x1f, 19)
    bytes.fill(0xff, 20, 26)
    assert.equal(
      parseRefreshToken(bytes.toString('base64url'))?.generation,
      Number.MAX_SAFE_INTEGER,
    )
  })

  test('is refused with the MAC of another session, generation or purpose', () => {
    const own = Buffer.from(token, 'base64url')
    const macs = [
      issueRefreshToken(secrets, session, 5),
      issueRefreshToken(secrets, createTestSession({ salt: Buffer.alloc(16, 8) }), 6),
      issueRefreshToken(secrets, createTestSession({ id: encodeId(Buffer.alloc(16, 1)) }), 6),
    ].map((text) => Buffer.from(text, 'base64url').subarray(26))
    for (const mac of [...macs, Buffer.alloc(16), Buffer.alloc(16, 0xff)]) {
      const text = Buffer.concat([own.subarray(0, 26), mac]).toString('base64url')
      assert.equal(isAccepted(text), false)
    }
  })

  test('cannot be made from the secret without the row, or from the row without the secret', () => {
    const withoutRow = issueRefreshToken(secrets, { id: session.id, salt: Buffer.alloc(16) }, 6)
    assert.equal(isAccepted(withoutRow), false)
    const withoutSecret = issueRefreshToken(createMasterSecrets(['x'.repeat(32)]), session, 6)
    assert.equal(isAccepted(withoutSecret), false)
  })

  test('never makes reading throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        assert.equal(isAccepted(text), false)
      }),
    )
  })
})

describe('with several master secrets', () => {
  const oldNew = createMasterSecrets([oldText, newText])
  const newOld = createMasterSecrets([newText, oldText])
  const newOnly = createMasterSecrets([newText])

  test('the newest makes tokens, and each is known by the number of its secret', () => {
    assert.equal(issueRefreshToken(oldNew, session, 6), token)
    const byNew = issueRefreshToken(newOld, session, 6)
    assert.notEqual(byNew, token)
    assert.deepEqual(
      [numberOf(token), numberOf(byNew)],
      [secrets.newest.number, newOnly.newest.number],
    )
  })

  test('rolling out `old,new` and then `new,old` logs nobody out, whichever instance answers', () => {
    // The fleet while it changes: what each may issue has to be known to all that run beside it.
    const stages: MasterSecrets[][] = [
      [secrets, oldNew],
      [oldNew, newOld],
      [newOld, newOnly],
    ]
    for (const [index, stage] of stages.entries()) {
      for (const issuer of stage) {
        for (const verifier of stage) {
          // The last step is taken when the old secret's tokens are over.
          const text = issueRefreshToken(index === 2 ? newOnly : issuer, session, 6)
          assert.equal(isAccepted(text, verifier), true, `stage ${index}`)
        }
      }
    }
    // In one step it would: an instance that does not know the new secret yet refuses its tokens.
    assert.equal(isAccepted(issueRefreshToken(newOld, session, 6), secrets), false)
  })

  test('a secret that was taken away takes its tokens along', () => {
    assert.equal(isAccepted(token, newOnly), false)
  })

  test('a token is not accepted under the number of another secret', () => {
    const bytes = Buffer.from(token, 'base64url')
    bytes.writeUInt16BE(newOnly.newest.number, 1)
    assert.equal(isAccepted(bytes.toString('base64url'), newOld), false)
  })
})

function findTokenWithSigns(): string {
  const randomness = createTestRandomness()
  for (;;) {
    const text = issueRefreshToken(secrets, session, randomness(6).readUIntBE(0, 6))
    if (/[-_]/.test(text)) return text
  }
}
