import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { createTestRandomness, testStart } from '../foundation/deterministic.fixture.ts'
import { createMasterSecrets } from '../foundation/master-secret.ts'
import {
  type KeyringContent,
  readKeyringDocument,
  writeKeyringDocument,
} from './keyring-document.ts'
import { generateKey, type SigningKey } from './signing-key.ts'

const oldText = 'an-older-secret-that-was-used-before-0000'
const newText = 'a-newer-secret-that-comes-into-use-11111'
const oldOnly = createMasterSecrets([oldText])
const newOnly = createMasterSecrets([newText])
const both = createMasterSecrets([newText, oldText])
const randomness = createTestRandomness()

let content: KeyringContent

before(async () => {
  const keys: SigningKey[] = []
  for (const algorithm of ['ES256', 'EdDSA'] as const) {
    keys.push({
      ...(await generateKey(algorithm)),
      algorithm,
      createdAt: testStart,
      activatesAt: testStart + 1,
      removesAt: algorithm === 'ES256' ? testStart + 2 : null,
    })
  }
  content = { keys, longestTokenTtlSeconds: 3_600 }
})

type Document = { keys: { kid: string; sealedPrivateKey: string }[] } & Record<string, unknown>

function change(edit: (document: Document) => void): string {
  const document = JSON.parse(writeKeyringDocument(content, oldOnly, randomness)) as Document
  edit(document)
  return JSON.stringify(document)
}

describe('the keyring as a document', () => {
  test('comes back as it was', () => {
    const read = readKeyringDocument(writeKeyringDocument(content, oldOnly, randomness), oldOnly)
    assert.deepEqual([read.longestTokenTtlSeconds, read.needsReseal], [3_600, false])
    assert.equal(read.keys.length, 2)
    for (const [index, key] of read.keys.entries()) {
      const { privateKey, publicKey, ...facts } = content.keys[index] ?? assert.fail()
      assert.ok(key.privateKey.equals(privateKey) && key.publicKey.equals(publicKey))
      const { privateKey: _private, publicKey: _public, ...read } = key
      assert.deepEqual(read, facts)
    }
  })

  test('holds no private key in any spelling', () => {
    const document = writeKeyringDocument(content, oldOnly, randomness)
    for (const { privateKey } of content.keys) {
      const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
      const { d = assert.fail() } = privateKey.export({ format: 'jwk' })
      for (const bytes of [pkcs8, Buffer.from(d, 'base64url')]) {
        for (const encoding of ['base64', 'base64url', 'hex'] as const) {
          assert.equal(document.includes(bytes.toString(encoding)), false)
        }
      }
    }
  })

  test('is refused clearly under another master secret, and nothing takes its place', () => {
    const document = writeKeyringDocument(content, oldOnly, randomness)
    assert.throws(
      () => readKeyringDocument(document, newOnly),
      /sealed under another master secret: put the one they were made with back.*`new,old`/,
    )
  })

  test('wants to be sealed again as soon as there is a newer secret, and only then', () => {
    const document = writeKeyringDocument(content, oldOnly, randomness)
    assert.equal(readKeyringDocument(document, both).needsReseal, true)
    const resealed = writeKeyringDocument(content, both, randomness)
    assert.equal(readKeyringDocument(resealed, both).needsReseal, false)
    assert.equal(readKeyringDocument(resealed, newOnly).keys.length, 2)
    assert.throws(() => readKeyringDocument(resealed, oldOnly), /another master secret/)
  })

  test('wants to be sealed again also when one key of several is under the old secret', () => {
    const [older, newer] = [
      writeKeyringDocument(content, oldOnly, randomness),
      writeKeyringDocument(content, both, randomness),
    ].map((text) => JSON.parse(text) as Document)
    const keys = [newer?.keys[0], older?.keys[1]]
    const mixed = JSON.stringify({ ...newer, keys })
    assert.equal(readKeyringDocument(mixed, both).needsReseal, true)
    const other = JSON.stringify({ ...newer, keys: [older?.keys[0], newer?.keys[1]] })
    assert.equal(readKeyringDocument(other, both).needsReseal, true)
  })

  test('is refused when somebody moved a key under another name or changed a bit of it', () => {
    const altered = [
      change(({ keys: [one, other] }) => {
        if (one && other) {
          ;[one.sealedPrivateKey, other.sealedPrivateKey] = [
            other.sealedPrivateKey,
            one.sealedPrivateKey,
          ]
        }
      }),
      change(({ keys: [one] }) => {
        if (one) one.kid = 'another'
      }),
      change(({ keys: [one] }) => {
        if (one) one.sealedPrivateKey = `${one.sealedPrivateKey.slice(0, -2)}AA`
      }),
    ]
    for (const document of altered) {
      assert.throws(() => readKeyringDocument(document, oldOnly), /another master secret/)
    }
  })

  test('is refused when it is of another shape or version', () => {
    const altered = [
      '',
      'null',
      '{}',
      change((document) => (document['version'] = 2)),
      change((document) => (document['more'] = true)),
      change((document) => delete document['longestTokenTtlSeconds']),
      change(({ keys: [one] }) => one && Object.assign(one, { algorithm: 'HS256' })),
      change(({ keys: [one] }) => one && Object.assign(one, { activatesAt: '0' })),
    ]
    for (const document of altered) assert.throws(() => readKeyringDocument(document, oldOnly))
  })
})
