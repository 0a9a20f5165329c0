import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { isCommonPassword } from './common-passwords.ts'

// From the first hundreds of every published list, those of eight characters and more.
const wellKnown =
  `password 12345678 123456789 1234567890 baseball football qwertyuiop superman trustno1 jennifer
  iloveyou sunshine princess starwars whatever password1 passw0rd 11111111 computer corvette mercedes 88888888
  1qaz2wsx welcome1 letmein1 michelle midnight internet asdfghjkl dragon123 1q2w3e4r qwerty123 abcd1234 87654321
  liverpool password123 changeme 00000000 123123123 987654321 charlie1 monkey123 q1w2e3r4 spiderman butterfly
  elizabeth chocolate scorpion samantha victoria alexander jordan23 football1 mustang1 asdfasdf 12341234 11223344
  qazwsxedc zaq12wsx iloveyou1 sunshine1 princess1 administrator 1234qwer qwer1234 p@ssw0rd`
    .split(/\s+/)
    .filter((word) => word !== '')

// From known breaches, of no dictionary and of no row of keys.
const leaked =
  'ncc1701d blink182 tinkerbell 3rjs1la7qe g9l2d1fzpy myspace1 zxcvbnm1 7777777a a1b2c3d4e5 q1w2e3r4t5 1qaz2wsx3edc'.split(
    ' ',
  )

/** The same at every run, and no more likely to be on a list than chance has it. */
function generate(index: number): string {
  const bytes = createHash('sha256').update(`password ${index}`).digest()
  switch (index % 3) {
    case 0:
      return bytes.toString('base64url').slice(0, 12)
    case 1:
      return bytes.toString('hex').slice(0, 16)
    default:
      return [...bytes.subarray(0, 14)]
        .map((byte) => String.fromCharCode(97 + (byte % 26)))
        .join('')
  }
}

describe('the list of common passwords', () => {
  test('knows those that everybody tries first', () => {
    assert.ok(wellKnown.length > 60)
    assert.deepEqual(
      wellKnown.filter((password) => !isCommonPassword(password)),
      [],
    )
  })

  test('is the one that its description names, in less than a megabyte', () => {
    const filter = readFileSync(new URL('../../data/common-passwords.bin', import.meta.url))
    const description = readFileSync(
      new URL('../../data/common-passwords.txt', import.meta.url),
      'utf8',
    )
    const digest = createHash('sha256').update(filter).digest('hex')
    assert.ok(description.includes(`SHA-256: ${digest}\n`))
    assert.ok(description.includes(`Size: ${filter.length} bytes`))
    assert.ok(filter.length < 1_000_000)
  })

  test('knows those that leaked from many services, beyond what everybody thinks of first', () => {
    for (const password of leaked) assert.ok(isCommonPassword(password), password)
  })

  test('knows them in any case', () => {
    for (const password of wellKnown) {
      assert.ok(isCommonPassword(password.toUpperCase()), password)
      assert.ok(isCommonPassword(`${password[0]?.toUpperCase()}${password.slice(1)}`), password)
    }
  })

  test('takes fewer than two generated passwords in a thousand for common ones', (t) => {
    const count = 60_000
    let wrong = 0
    for (let index = 0; index < count; index++) if (isCommonPassword(generate(index))) wrong++
    t.diagnostic(`${wrong} of ${count}, ${((100 * wrong) / count).toFixed(3)} %`)
    assert.ok(wrong < count * 0.002, `${wrong} of ${count}`)
    // A filter that says no to everything is broken, too.
    assert.ok(wrong > 0)
  })

  test('answers for any text', () => {
    for (const text of ['', '\0', '\ud800', '🔑🔑🔑🔑🔑🔑🔑🔑🔑', 'ﬁ'.repeat(40)]) {
      assert.equal(typeof isCommonPassword(text), 'boolean')
    }
  })
})
