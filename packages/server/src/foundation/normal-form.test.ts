import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseUsername, toUsernameKey } from '../accounts/username.ts'
import { normalize } from '../passwords/password-hasher.ts'
import { toNormalForm } from './normal-form.ts'

// Marks in the reverse of their canonical order: to sort n of them takes n² steps.
const marks = (count: number) => 'a' + '\u0315\u05b0'.repeat(count / 2)

describe('a normal form', () => {
  test('is that of Unicode for every text that people write', () => {
    const unit = fc.constantFrom(
      'a',
      'é',
      'e\u0301',
      '\u1100\u1161\u11a8',
      'ﬁ',
      'Ａ',
      '👩‍👩‍👧',
      'ทั้',
      '\u0315',
    )
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 30, size: 'max' }), (units) => {
        const text = units.join('')
        assert.equal(toNormalForm(text, 'NFC'), text.normalize('NFC'))
        assert.equal(toNormalForm(text, 'NFKC'), text.normalize('NFKC'))
      }),
    )
    assert.equal(toNormalForm(marks(30), 'NFC'), marks(30).normalize('NFC'))
  })

  test('is not looked for in a text that costs its square to sort', () => {
    for (const text of [marks(32), marks(4_900), `x${marks(32)}y`, `e\u0301${marks(32)}`]) {
      assert.equal(toNormalForm(text, 'NFC'), text)
      assert.equal(normalize(text), text)
      assert.equal(toUsernameKey(text), text)
      assert.equal(parseUsername(text), undefined)
    }
  })
})
