import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isEmail } from './email.ts'

describe('an e-mail address', () => {
  test('has one @ and a domain with a dot', () => {
    for (const address of [
      'ada@example.org',
      'a@b.co',
      'ada+note@sub.example.org',
      "o'brien@example.org",
      'üser@bücher.example',
      `${'x'.repeat(242)}@example.org`,
    ]) {
      assert.equal(isEmail(address), true, address)
    }
  })

  test('is none with more, less, or anything that breaks a header, a mail or a page', () => {
    for (const address of [
      '',
      'ada',
      'ada@',
      '@example.org',
      'ada@localhost',
      'ada@example.',
      'ada@@example.org',
      'ada@exa@mple.org',
      'ada lovelace@example.org',
      ' ada@example.org',
      'ada@example.org ',
      'ada@example.org\r\nBcc: all@example.org',
      'ada\n@example.org',
      'ada\0@example.org',
      'ada@example.org\u0085',
      '"ada"@example.org',
      'Ada <ada@example.org>',
      'a@example.org,b@example.org',
      'a@example.org;b@example.org',
      '<script>@example.org',
      `${'x'.repeat(243)}@example.org`,
    ]) {
      assert.equal(isEmail(address), false, JSON.stringify(address))
    }
  })

  test('never holds white space, a control character or a second @', () => {
    const almost = fc.array(fc.constantFrom('a', '@', '.', ' ', '\n', '\u0085', ',', '<', 'ä'))
    fc.assert(
      fc.property(
        almost.map((parts) => parts.join('')),
        (text) => {
          if (isEmail(text)) assert.match(text, /^[aä.]+@[aä.]*[aä]$/)
        },
      ),
    )
  })

  test('is judged in no time, however hostile', () => {
    for (const text of ['@'.repeat(10_000), 'a.'.repeat(5_000), `a@${'.a'.repeat(5_000)}`]) {
      assert.equal(isEmail(text), false)
    }
  })
})
