import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { describe, test } from 'node:test'
import { createTestRandomness } from '../foundation/deterministic.fixture.ts'
import {
  type Argon2idParameters,
  defaultArgon2id,
  deriveByNode,
  hashBytes,
  loadArgon2id,
  saltBytes,
} from './argon2id.ts'

const randomness = createTestRandomness()
const small: Argon2idParameters = { memoryKib: 64, iterations: 1, parallelism: 1 }

describe('Argon2id', () => {
  test('has the parameters of the OWASP cheat sheet, 128 bits of salt and 256 of hash', () => {
    assert.deepEqual(defaultArgon2id, { memoryKib: 19_456, iterations: 2, parallelism: 1 })
    assert.deepEqual([saltBytes, hashBytes], [16, 32])
  })

  test('gives the value of the reference implementation, whoever derives it', async () => {
    const parameters = { memoryKib: 65_536, iterations: 2, parallelism: 1 }
    for (const derive of [deriveByNode, await loadArgon2id()]) {
      const hash = await derive('password', Buffer.from('somesalt'), parameters, 32)
      assert.equal(
        hash.toString('hex'),
        '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7',
      )
    }
  })

  test('is the same by node:crypto as by the native package, for every text and parameter', async () => {
    const native = await loadArgon2id()
    assert.notEqual(native, deriveByNode)
    const passwords = ['', 'password', 'pässwörd 🔑', 'x'.repeat(5_000), '\u0000a']
    const parameters = [small, { memoryKib: 128, iterations: 3, parallelism: 4 }]
    for (const password of passwords) {
      for (const each of parameters) {
        for (const length of [16, 32, 64]) {
          const salt = randomness(16)
          assert.deepEqual(
            await native(password, salt, each, length),
            await deriveByNode(password, salt, each, length),
          )
        }
      }
    }
    const salt = randomness(saltBytes)
    assert.deepEqual(
      await native('password', salt, defaultArgon2id, hashBytes),
      await deriveByNode('password', salt, defaultArgon2id, hashBytes),
    )
  })

  test('is node:crypto’s where the native package has no build', async () => {
    const hooks = registerHooks({
      resolve: (specifier, context, next) => {
        if (specifier === '@node-rs/argon2') throw new Error('Cannot find native binding')
        return next(specifier, context)
      },
    })
    try {
      assert.equal(await loadArgon2id(), deriveByNode)
    } finally {
      hooks.deregister()
    }
  })

  test('rejects what cannot be derived, and does not throw into nowhere', async () => {
    for (const derive of [deriveByNode, await loadArgon2id()]) {
      await assert.rejects(async () => derive('x', Buffer.alloc(7), small, 32))
    }
  })
})
