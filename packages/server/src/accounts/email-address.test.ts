import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTestAccount } from './account.fixture.ts'
import { parseEmailAddress, verifiedEmail } from './email-address.ts'

describe('an address for mails', () => {
  test('keeps the case of its mailbox, and has one key without case', () => {
    const parsed = { address: 'Ada.L+x@example.org', key: 'ada.l+x@example.org' }
    assert.deepEqual(parseEmailAddress('Ada.L+x@Example.ORG'), parsed)
    const international = parseEmailAddress('ada@bücher.example')
    assert.equal(international?.address, 'ada@xn--bcher-kva.example')
  })

  test('is one mailbox, with nothing that ends a header or begins another recipient', () => {
    for (const text of [
      '',
      'ada',
      '@example.org',
      'ada@',
      'ada@localhost',
      'ada@example.org\r\nBcc: all@example.org',
      'ada\n@example.org',
      'ada@example.org ',
      'ada@exa\0mple.org',
      'a@example.org,b@example.org',
      'a@example.org;b@example.org',
      '<ada@example.org>',
      'Ada <ada@example.org>',
      '"ada b"@example.org',
      'ada@b@example.org',
      'ada@[127.0.0.1]',
      'ada@127.0.0.1',
      '.ada@example.org',
      'a..b@example.org',
      'ada.@example.org',
      'ada@-x.example.org',
      'ada@example..org',
      'ada@example.org/x',
      'ada@example.org?bcc=x@y.z',
      'ada@example.org#x',
      'ada@example.org:25',
      `${'x'.repeat(65)}@example.org`,
      `a@${'x.'.repeat(130)}org`,
    ]) {
      assert.equal(parseEmailAddress(text), undefined, JSON.stringify(text))
    }
  })

  test('is never one whose letters fold into those of another', () => {
    // Kelvin sign, dotless and dotted i, long s: each becomes an ASCII letter in one case or the other.
    for (const letter of ['\u212a', '\u0131', '\u0130', '\u017f', 'ａ', 'а']) {
      assert.equal(parseEmailAddress(`${letter}da@example.org`), undefined, letter)
    }
  })
})

test('an account holds the address that it has proven, and no other', () => {
  const verifiedEmailKey = 'ada@example.org'
  const of = (email: string | null, key: string | null = verifiedEmailKey) =>
    verifiedEmail(createTestAccount({ email, verifiedEmailKey: key }))?.address
  assert.equal(of('Ada@example.org'), 'Ada@example.org')
  assert.equal(of('ada@example.org', null), undefined)
  assert.equal(of('mallory@example.org'), undefined)
  assert.equal(of(null), undefined)
})
