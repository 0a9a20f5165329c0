import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Verification } from './token-failure.ts'
import { promising, verifyAtOnce } from './promised-check.ts'

const refused: Verification = { ok: false, reason: 'bad_signature' }
const unknown: Verification = { ok: false, reason: 'unknown_key' }

describe('a check that promises', () => {
  const verify = promising((token) => (token === 'late' ? Promise.resolve(refused) : refused))

  test('answers applications with a promise, always', async () => {
    for (const token of ['now', 'late']) {
      const answer: unknown = verify(token)
      assert.ok(answer instanceof Promise)
      assert.equal(await answer, refused)
    }
  })

  test('answers guards at once where it can', async () => {
    assert.equal(verifyAtOnce({ verify }, 'now'), refused)
    const late = verifyAtOnce({ verify }, 'late')
    assert.ok(late instanceof Promise)
    assert.equal(await late, refused)
  })

  test('rejects where the check throws, and lets guards see the error', async () => {
    const failing = promising(() => {
      throw new RangeError('clock')
    })
    await assert.rejects(failing('x'), RangeError)
    assert.throws(() => verifyAtOnce({ verify: failing }, 'x'), RangeError)
  })

  test('is never asked behind the back of what an application put in its place', async () => {
    const verifier = { verify, close: () => undefined }
    const stricter = { ...verifier, verify: () => Promise.resolve(unknown) }
    assert.equal(await verifyAtOnce(stricter, 'now'), unknown)
    const wrapped = {
      ...verifier,
      verify: async (token: string) => verify(token).then(() => unknown),
    }
    assert.equal(await verifyAtOnce(wrapped, 'now'), unknown)
    const changed = { verify }
    assert.equal(verifyAtOnce(changed, 'now'), refused)
    Object.assign(changed, { verify: () => unknown })
    assert.equal(verifyAtOnce(changed, 'now'), unknown)
  })

  test('that is a method is called on its object', () => {
    class Own {
      readonly answer = unknown
      verify(): Verification {
        return this.answer
      }
    }
    assert.equal(verifyAtOnce(new Own(), 'x'), unknown)
  })
})
