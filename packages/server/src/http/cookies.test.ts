import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatCookie, readCookie } from './cookies.ts'

const name = '__Host-refreshToken'

describe('reading a cookie', () => {
  test('finds it among others, with or without spaces', () => {
    for (const header of [
      `${name}=abc`,
      `a=1; ${name}=abc; b=2`,
      `a=1;${name}=abc;b=2`,
      ` ${name} = abc `,
      `; ;${name}=abc;`,
    ]) {
      assert.deepEqual(readCookie(header, name), { value: 'abc' }, header)
    }
  })

  test('keeps an equals sign in the value and takes an empty value for what it is', () => {
    assert.deepEqual(readCookie(`${name}=a=b==`, name), { value: 'a=b==' })
    assert.deepEqual(readCookie(`${name}=`, name), { value: '' })
  })

  test('finds nothing where there is none of exactly this name', () => {
    const others = [
      undefined,
      '',
      name,
      `${name.toLowerCase()}=x`,
      `refreshToken=x`,
      `x${name}=x`,
      `${name}x=x`,
      `a="${name}=x"`,
      `__Secure-refreshToken=x`,
      // What a browser does not take for blanks begins a name that has no prefix: a sub-domain may set it.
      `\u00a0${name}=x`,
      `\ufeff${name}=x`,
      `\v${name}=x`,
    ]
    for (const header of others) assert.equal(readCookie(header, name), undefined, `${header}`)
  })

  test('takes two of one name for none that counts, even when both say the same', () => {
    for (const header of [
      `${name}=good; ${name}=evil`,
      `${name}=same; ${name}=same`,
      `${name}=; ${name}=good`,
      `${name}=good;a=1;${name} =evil`,
    ]) {
      assert.equal(readCookie(header, name), 'ambiguous', header)
    }
  })

  test('is not disturbed by what else stands in the header', () => {
    const other = fc.string().filter((text) => !text.includes(name))
    fc.assert(
      fc.property(other, other, (before, after) => {
        assert.deepEqual(readCookie(`${before};${name}=v;${after}`, name), { value: 'v' })
      }),
    )
  })
})

describe('a cookie of ours', () => {
  test('stays with this host, out of reach of scripts and of other sites', () => {
    assert.equal(
      formatCookie({ name, secure: true }, 'abc', 604_800),
      '__Host-refreshToken=abc; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict; Secure',
    )
  })

  test('meets what browsers demand of the __Host- prefix', () => {
    const cookie = formatCookie({ name, secure: true }, 'abc', 1)
    assert.match(cookie, /; Secure/)
    assert.match(cookie, /; Path=\/;/)
    assert.doesNotMatch(cookie, /Domain/i)
  })

  test('is not Secure over plain http on localhost, where browsers would drop it', () => {
    assert.equal(
      formatCookie({ name: 'refreshToken', secure: false }, '', 0),
      'refreshToken=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict',
    )
  })
})
