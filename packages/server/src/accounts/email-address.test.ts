import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTestAccount } from './account.fixture.ts'
import { parseEmailAddress, verifiedEmail } from './email-address.ts'

const key = (text: string): string | undefined => parseEmailAddress(text)?.key

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
      'ada@example.org.',
      'ada(comment)@example.org',
      'ada@example.org(comment)',
      'ada@(comment)example.org',
      '"ada"@example.org',
      'ada\\@b@example.org',
      '=?utf-8?q?ada?=@example.org,x@y.z',
      'ada@example.org%0d%0aBcc:x@y.z',
      'ada@example.org\u0085',
      'ada@example.org\u2028Bcc: x@y.z',
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

  test('is one mailbox however its domain is written, and another where the domain only looks alike', () => {
    // UTS 46: full width, an ideographic full stop, a soft hyphen, and punycode in any case.
    for (const text of ['ada@ｅｘａｍｐｌｅ.org', 'ada@example。org', 'ada@exam\u00adple.org']) {
      assert.equal(parseEmailAddress(text)?.address, 'ada@example.org', text)
    }
    assert.equal(key('ada@XN--BCHER-KVA.example'), key('ada@bücher.example'))
    // A Cyrillic a, a Greek omicron, a dotless i: other domains, and not ours.
    for (const text of ['ada@exаmple.org', 'ada@example.οrg', 'ada@wıki.example']) {
      assert.match(key(text) ?? 'refused', /@.*xn--|^refused$/, text)
    }
    for (const text of ['ada@xn--a.example', 'ada@exam\u200dple.org', 'ada@\u2100.org']) {
      const domain = key(text)?.split('@')[1] ?? ''
      assert.match(domain, /^[a-z0-9.-]*$/, text)
    }
  })

  test('keeps dots and tags, which some hosts ignore and others do not', () => {
    const keys = ['ada.l@example.org', 'adal@example.org', 'adal+x@example.org'].map(key)
    assert.equal(new Set(keys).size, 3)
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
