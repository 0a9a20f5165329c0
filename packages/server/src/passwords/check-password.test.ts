import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { checkNewPassword, type PasswordContext } from './check-password.ts'

const strict: PasswordContext = { minLength: 8, common: 'refuse', username: 'ada.lovelace' }

function judge(password: string, context: Partial<PasswordContext> = {}): string {
  const checked = checkNewPassword(password, { ...strict, ...context })
  return checked.ok ? (checked.warning ?? 'ok') : checked.reason
}

describe('the length of a new password', () => {
  test('is 8 to 128 characters, both included (ASVS v5.0.0-6.2.1, 6.2.9)', () => {
    assert.equal(judge('kT9#vQz'), 'too_short')
    assert.equal(judge('kT9#vQz!'), 'ok')
    assert.equal(judge('kT9#vQz!'.repeat(8)), 'ok')
    assert.equal(judge('kT9#vQz!'.repeat(16)), 'ok')
    assert.equal(judge(`${'kT9#vQz!'.repeat(16)}x`), 'too_long')
    assert.equal(judge(''), 'too_short')
  })

  test('counts code points, as people do, and not units of UTF-16 or bytes', () => {
    assert.equal(judge('🔑🦊🌋🎻🧊🪁🐢'), 'too_short')
    assert.equal(judge('🔑🦊🌋🎻🧊🪁🐢🧭'), 'ok')
    assert.equal(judge('🔑🦊🌋🎻🧊🪁🐢🧭'.repeat(16)), 'ok')
    assert.equal(judge(`${'🔑🦊🌋🎻🧊🪁🐢🧭'.repeat(16)}x`), 'too_long')
    assert.equal(judge('пароль-тигр-92'), 'ok')
  })

  test('is that of the composed form, so that it does not depend on the keyboard', () => {
    const composed = 'é'.repeat(7)
    assert.equal(judge(composed), 'too_short')
    assert.equal(judge(composed.normalize('NFD')), 'too_short')
    assert.equal(judge('ö'.normalize('NFD').repeat(128)), 'ok')
  })

  test('has the minimum that is configured', () => {
    assert.equal(judge('kT9#vQz!xW2', { minLength: 12 }), 'too_short')
    assert.equal(judge('kT9#vQz!xW2m', { minLength: 12 }), 'ok')
  })
})

describe('the characters of a new password', () => {
  test('are free: no rule of composition (ASVS v5.0.0-6.2.5)', () => {
    for (const password of [
      'zvkwqjxmhg',
      'ZVKWQJXMHG',
      '7294018365',
      '!#$%&/()=?',
      '  two   spaces  ',
      '\t\n\u0001\u007f§abc',
      'ﬀ①ⅷ㎏½ªº№',
      'שלום עולם טוב',
    ]) {
      assert.equal(judge(password), 'ok', JSON.stringify(password))
    }
  })

  test('exclude NUL, behind which other systems stop reading', () => {
    for (const password of ['\0kT9#vQz!', 'kT9#\0vQz!', 'kT9#vQz!\0']) {
      assert.equal(judge(password), 'nul')
      assert.equal(judge(password, { common: 'warn' }), 'nul')
    }
  })

  test('exclude half of a surrogate pair, which becomes the same replacement for all', () => {
    for (const password of ['kT9#vQz!\ud800', '\udc00kT9#vQz!', 'kT9\udc00\ud800#vQz!']) {
      assert.equal(judge(password), 'lone_surrogate')
    }
  })
})

describe('a common password', () => {
  test('is refused, or accepted with a warning, as configured', () => {
    for (const password of ['password123', 'PASSWORD123', 'iloveyou', '1234567890']) {
      assert.equal(judge(password), 'common')
      assert.equal(judge(password, { common: 'warn' }), 'common')
      assert.equal(checkNewPassword(password, { ...strict, common: 'warn' }).ok, true)
      assert.equal(checkNewPassword(password, strict).ok, false)
    }
  })

  test('is called too short first when it is', () => {
    assert.equal(judge('dragon'), 'too_short')
    assert.equal(judge('dragon', { common: 'warn' }), 'too_short')
  })
})

describe('a password made of what anybody would try', () => {
  test('is refused: the names of user, address and product, decorated (ASVS v5.0.0-6.2.11)', () => {
    const context = { username: 'ada.lovelace', email: 'countess@example.org' }
    for (const password of [
      'ada.lovelace',
      'Ada.Lovelace1',
      'ADA.LOVELACE2026!x',
      '!!ada.lovelace!!',
      'ada.lovelaceada.lovelace',
      'Countersign2026!x',
      'countersign',
      'countess1815',
      'my-countess-99',
      'countesscountersign',
      'xada.lovelacex12',
    ]) {
      assert.equal(judge(password, context), 'context', password)
      assert.equal(judge(password, { ...context, common: 'warn' }), 'context', password)
    }
    // Three letters are a name, in any case.
    for (const named of [{ username: 'Eva' }, { username: 'root', email: 'EVA@example.org' }]) {
      assert.equal(judge('eva-3141-592', named), 'context')
    }
  })

  test('is refused: the parts of a name, and what the service calls itself', () => {
    const context = { username: 'ada.lovelace', email: 'byron_annabella+shop@example.org' }
    for (const password of [
      'Lovelace1815!',
      'lovelace_ada',
      'annabella-1792',
      'Annabella&Byron',
      'acme-store-2026',
      'ACME STORE!',
    ]) {
      const named = { ...context, service: 'Acme Store' }
      assert.equal(judge(password, named), 'context', password)
    }
    // A part of three letters is in too many words, and another service's name is a word like any other.
    assert.equal(judge('adavkwqj', context), 'ok')
    assert.equal(judge('acme-store-2026', context), 'ok')
  })

  test('is none when enough else stands beside the name', () => {
    const context = { username: 'ada', email: 'countess@example.org' }
    for (const password of [
      'ada-zvkwqj',
      'zvkada3wqj',
      'the countess plays whist',
      'radavkwqj9z',
    ]) {
      assert.equal(judge(password, context), 'ok', password)
    }
  })

  test('is not found where there is no name, or one too short to say anything', () => {
    for (const context of [
      { username: '' },
      { username: 'ab', email: null },
      { email: 'ab@example.org' },
      { email: '@example.org' },
    ]) {
      assert.equal(judge('ab-ab-ab-12', { ...context, common: 'refuse' }), 'ok')
    }
  })

  test('is found by letters that remain, six of them being enough', () => {
    assert.equal(judge('ada.lovelacezvkwq'), 'context')
    assert.equal(judge('ada.lovelacezvkwqj'), 'ok')
    assert.equal(judge('ada.lovelace🔑🦊🌋🎻🧊🪁'), 'context')
  })
})

describe('the verdict', () => {
  test('says what is wrong in words, and never the password', () => {
    for (const password of ['kT9#', 'kT9#vQz!\0', 'password123', 'x'.repeat(200), 'ada.lovelace']) {
      const checked = checkNewPassword(password, strict)
      assert.ok(!checked.ok)
      assert.match(checked.message, /^The password /)
      assert.equal(checked.message.includes(password), false)
    }
  })

  test('is the same for both spellings of one text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        assert.equal(judge(text.normalize('NFD')), judge(text.normalize('NFC')))
      }),
    )
  })

  test('comes for any text at all', () => {
    const anyUnit = fc.nat(0xffff).map((unit) => String.fromCharCode(unit))
    fc.assert(
      fc.property(fc.string({ unit: anyUnit }), fc.string(), (password, username) => {
        assert.equal(typeof judge(password, { username, email: username }), 'string')
      }),
    )
  })
})
