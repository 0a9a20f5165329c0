import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseUsername, toUsernameKey } from './username.ts'

describe('a user name', () => {
  test('is 3 to 64 ASCII letters, digits, dots, underscores and hyphens', () => {
    for (const name of ['ada', 'Ada.Lovelace', '_-_', '007', 'x'.repeat(64)]) {
      assert.deepEqual(parseUsername(name), { shown: name, key: name.toLowerCase() })
    }
  })

  test('is none when it is shorter, longer, or holds anything else', () => {
    for (const name of [
      '',
      'ab',
      'x'.repeat(65),
      'ada lovelace',
      ' ada',
      'ada\n',
      'ada\0',
      'ada@example.org',
      'ada/..',
      'ada%20',
      'ada<b>',
      '{"$gt":""}',
      "ada'--",
      'ad\u0430', // Cyrillic а
      'аdа',
      'ada\u200b', // zero width
      'a\u0301da', // combining acute
      'ädä',
      '\u202eada', // right to left
      'İda',
      '\u0131da', // dotless i
      '🔑🔑🔑',
      '\ud800da',
    ]) {
      assert.equal(parseUsername(name), undefined, JSON.stringify(name))
    }
  })

  test('is shown after NFKC: full-width letters and ligatures are the letters that they show', () => {
    assert.deepEqual(parseUsername('Ａｄａ'), { shown: 'Ada', key: 'ada' })
    assert.deepEqual(parseUsername('ﬁona'), { shown: 'fiona', key: 'fiona' })
    assert.deepEqual(parseUsername('ſam'), { shown: 'sam', key: 'sam' })
    assert.deepEqual(parseUsername('\u212aim'), { shown: 'Kim', key: 'kim' })
    // One character that becomes more than is allowed.
    assert.equal(parseUsername(`${'x'.repeat(63)}ﬃ`), undefined)
  })

  test('is the same to whoever types it in any case or width', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseUsername(text)
        if (parsed === undefined) return
        assert.equal(toUsernameKey(text), parsed.key)
        assert.equal(toUsernameKey(text.toUpperCase()), parsed.key)
        assert.equal(toUsernameKey(parsed.shown), parsed.key)
        assert.deepEqual(parseUsername(parsed.shown), parsed)
        assert.match(parsed.key, /^[a-z0-9._-]{3,64}$/)
      }),
    )
  })
})

describe('the key of what somebody types', () => {
  test('is made of anything, because imported names may be odd', () => {
    assert.equal(toUsernameKey('ADA@Example.org'), 'ada@example.org')
    assert.equal(toUsernameKey('Zoë'), toUsernameKey('ZOË'))
    assert.equal(toUsernameKey(''), '')
  })
})
