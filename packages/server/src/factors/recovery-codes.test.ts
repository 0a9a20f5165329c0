import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemRandomness } from '../foundation/randomness.ts'
import { drawRecoveryCode, hashRecoveryCode, takeRecoveryCode } from './recovery-codes.ts'

describe('a recovery code', () => {
  test('has 120 random bits: every letter as likely, and none twice (ASVS v5.0.0-6.5.3, v5.0.0-6.5.4)', () => {
    const codes = Array.from({ length: 4_000 }, () => drawRecoveryCode(systemRandomness))
    assert.equal(new Set(codes).size, codes.length)
    const counts = new Map<string, number>()
    for (const code of codes) {
      assert.match(code, /^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/)
      for (const letter of code.replaceAll('-', '')) {
        counts.set(letter, (counts.get(letter) ?? 0) + 1)
      }
    }
    assert.equal(counts.size, 32)
    // 3,000 expected; the deviation is 54, so that six of them are never seen.
    for (const count of counts.values()) assert.ok(Math.abs(count - 3_000) < 6 * 54, `${count}`)
  })

  test('is the same however it is spaced and cased, and its misread letters are understood', () => {
    const kept = hashRecoveryCode('ada', '0O1L-ABCD')
    for (const typed of ['0011ABCD', ' oo il\tabcd ', '0-o-1-i-a-b-c-d', '00–11—ABCD']) {
      assert.equal(hashRecoveryCode('ada', typed), kept, typed)
    }
    for (const other of ['0011ABCE', '0011ABC', '', '0011ABCDD']) {
      assert.notEqual(hashRecoveryCode('ada', other), kept, other)
    }
  })

  test('is kept as a hash that is its account’s own', () => {
    const code = drawRecoveryCode(systemRandomness)
    assert.notEqual(hashRecoveryCode('ada', code), hashRecoveryCode('bob', code))
    assert.match(hashRecoveryCode('ada', code), /^[\w-]{43}$/)
  })

  test('is taken out of its set alone', () => {
    assert.deepEqual(takeRecoveryCode(['aa', 'bb', 'cc'], 'bb'), ['aa', 'cc'])
    assert.equal(takeRecoveryCode(['aa', 'bb'], 'a'), undefined)
    assert.equal(takeRecoveryCode([], ''), undefined)
  })
})
