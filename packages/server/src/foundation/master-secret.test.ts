import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createTestRandomness } from './deterministic.fixture.ts'
import {
  createMasterSecrets,
  isSealedByNewest,
  type MasterSecrets,
  open,
  seal,
} from './master-secret.ts'

const oldText = 'an-older-secret-that-was-used-before-0000'
const newText = 'a-newer-secret-that-comes-into-use-11111'
const randomness = createTestRandomness()
const plaintext = Buffer.from('PKCS #8 of a signing key')

describe('master secrets', () => {
  test('are refused when there is none or one is shorter than 32 characters', () => {
    assert.throws(() => createMasterSecrets([]), /set COUNTERSIGN_SECRET/)
    assert.throws(() => createMasterSecrets(['x'.repeat(31)]), /has 31 characters/)
    assert.throws(() => createMasterSecrets([newText, 'short']), /at least 32/)
    assert.equal(createMasterSecrets(['x'.repeat(32)]).all.length, 1)
  })

  test('never stand in the refusal', () => {
    assert.throws(
      () => createMasterSecrets(['tiny-but-secret']),
      (error: Error) => !error.message.includes('tiny-but-secret'),
    )
  })

  test('give one key of 256 bits for one purpose, and another for every other', () => {
    const [secrets, again] = [createMasterSecrets([newText]), createMasterSecrets([newText])]
    const key = secrets.newest.deriveKey('refresh token')
    assert.equal(key.length, 32)
    assert.deepEqual(again.newest.deriveKey('refresh token'), key)
    assert.notDeepEqual(secrets.newest.deriveKey('csrf token'), key)
    assert.notDeepEqual(createMasterSecrets([oldText]).newest.deriveKey('refresh token'), key)
  })

  test('are found by number, the newest first, also when two share one', () => {
    const [first, second] = findCollision()
    const secrets = createMasterSecrets([first, oldText, second])
    const number = secrets.newest.number
    assert.deepEqual(
      secrets.withNumber(number).map((secret) => secret.deriveKey('x').toString('hex')),
      [first, second].map((text) =>
        createMasterSecrets([text]).newest.deriveKey('x').toString('hex'),
      ),
    )
    assert.deepEqual(secrets.withNumber((number + 1) % 65_536), [])
  })
})

describe('what is sealed', () => {
  const secrets = createMasterSecrets([newText])

  test('opens for its own purpose and for no other', () => {
    const sealed = seal(secrets, 'signing key a', plaintext, randomness)
    assert.deepEqual(open(secrets, 'signing key a', sealed), plaintext)
    assert.equal(open(secrets, 'signing key b', sealed), undefined)
  })

  test('does not show what it holds, and looks different each time', () => {
    const first = seal(secrets, 'p', plaintext, randomness)
    assert.equal(Buffer.from(first, 'base64url').includes(plaintext), false)
    assert.notEqual(seal(secrets, 'p', plaintext, randomness), first)
  })

  test('is refused with any single bit changed, any part cut off or anything put on', () => {
    const bytes = Buffer.from(seal(secrets, 'p', plaintext, randomness), 'base64url')
    const refused = (altered: Buffer): void =>
      assert.equal(open(secrets, 'p', altered.toString('base64url')), undefined)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const altered = Buffer.from(bytes)
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      refused(altered)
    }
    for (let length = 0; length < bytes.length; length++) refused(bytes.subarray(0, length))
    refused(Buffer.concat([bytes, Buffer.from([0])]))
  })

  test('is refused without a throw when it is anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        assert.equal(open(secrets, 'p', text), undefined)
        assert.equal(isSealedByNewest(secrets, 'p', text), false)
      }),
    )
  })

  test('comes back as it went in, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300, size: 'max' }),
        fc.string(),
        (content, purpose) => {
          const opened = open(secrets, purpose, seal(secrets, purpose, content, randomness))
          assert.deepEqual(opened, Buffer.from(content))
        },
      ),
    )
  })
})

describe('what was derived and sealed once', () => {
  // Values of the first version: with others, an update would end every session and lose every key.
  test('stays as it is in every later version', () => {
    const secrets = createMasterSecrets([oldText])
    assert.equal(secrets.newest.number, 6630)
    assert.equal(
      secrets.newest.deriveKey('refresh token').toString('hex'),
      '4f24eafd7906f901d77936f1697994444e05707797574fcdfc5e5943f1387881',
    )
    const sealed = 'ARnmL1w27XlPY5BE64XKC84S-q-E6MwcsvcHuELMViV3Bdmrd59msbYNMQgMY420wZDP7uxbQA'
    assert.deepEqual(open(secrets, 'p', sealed), plaintext)
    assert.equal(isSealedByNewest(secrets, 'p', sealed), true)
  })
})

describe('after a new master secret came in front', () => {
  const sealedByOld = seal(createMasterSecrets([oldText]), 'p', plaintext, randomness)

  test('the old one still opens what it sealed, and the new one seals', () => {
    const both = createMasterSecrets([newText, oldText])
    assert.deepEqual(open(both, 'p', sealedByOld), plaintext)
    assert.equal(isSealedByNewest(both, 'p', sealedByOld), false)
    const resealed = seal(both, 'p', plaintext, randomness)
    assert.equal(isSealedByNewest(both, 'p', resealed), true)
    assert.deepEqual(open(createMasterSecrets([newText]), 'p', resealed), plaintext)
    assert.equal(open(createMasterSecrets([oldText]), 'p', resealed), undefined)
  })

  test('what the old one sealed opens no longer once it is taken away', () => {
    assert.equal(open(createMasterSecrets([newText]), 'p', sealedByOld), undefined)
  })

  test('a seal is not taken for the newest one’s because both secrets share a number', () => {
    const [older, newer] = findCollision()
    const sealed = seal(createMasterSecrets([older]), 'p', plaintext, randomness)
    const both: MasterSecrets = createMasterSecrets([newer, older])
    assert.deepEqual(open(both, 'p', sealed), plaintext)
    assert.equal(isSealedByNewest(both, 'p', sealed), false)
  })
})

/** Two secrets with the same number of 16 bits: some three hundred have to be tried. */
function findCollision(): [string, string] {
  const byNumber = new Map<number, string>()
  for (let i = 0; ; i++) {
    const text = `a secret that is long enough, number ${i}`
    const { number } = createMasterSecrets([text]).newest
    const other = byNumber.get(number)
    if (other !== undefined) return [other, text]
    byNumber.set(number, text)
  }
}
