import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseStrictJson, type StrictJsonFailure } from './strict-json.ts'

const bytesOf = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes)
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

function reasonOf(input: string | Uint8Array): StrictJsonFailure | 'accepted' {
  const parsed = parseStrictJson(input)
  return parsed.ok ? 'accepted' : parsed.reason
}

describe('parseStrictJson', () => {
  const accepted: [string, unknown][] = [
    ['{}', {}],
    [' [1, "a", null, true] ', [1, 'a', null, true]],
    ['"text"', 'text'],
    ['-0.5e3', -500],
    ['{"a":{"x":1},"b":{"x":1}}', { a: { x: 1 }, b: { x: 1 } }],
    ['[{"x":1},{"x":1}]', [{ x: 1 }, { x: 1 }]],
    ['{"a":"b:c,\\"d\\":{[","\\\\":":"}', { a: 'b:c,"d":{[', '\\': ':' }],
    ['{"proto":1,"constructor":2,"a":"__proto__"}', { proto: 1, constructor: 2, a: '__proto__' }],
    ['{"toString":1,"hasOwnProperty":2}', { toString: 1, hasOwnProperty: 2 }],
    ['{"1":"a","01":"b","":"c"}', { 1: 'a', '01': 'b', '': 'c' }],
    ['"\\ud83d\\ude00 😀 \\u0000"', '😀 😀 \0'],
  ]
  for (const [text, value] of accepted) {
    test(`reads ${text}, as text and as bytes`, () => {
      assert.deepEqual(parseStrictJson(text), { ok: true, value })
      assert.deepEqual(parseStrictJson(new TextEncoder().encode(text)), { ok: true, value })
    })
  }

  const refused: [StrictJsonFailure, string][] = [
    ['malformed', ''],
    ['malformed', ' '],
    ['malformed', '{'],
    ['malformed', '{"a":1,}'],
    ['malformed', '{a:1}'],
    ['malformed', "{'a':1}"],
    ['malformed', '[1,]'],
    ['malformed', '01'],
    ['malformed', 'NaN'],
    ['malformed', 'Infinity'],
    ['malformed', '{} {}'],
    ['malformed', '{} // note'],
    ['malformed', '"a\nb"'],
    ['malformed', '"open'],
    ['malformed', '"open\\'],
    ['malformed', '\u00a0{}'],
    ['malformed', '\ufeff{}'],
    ['malformed', '}'.repeat(40) + '['.repeat(40)],
    ['duplicate_member', '{"a":1,"a":1}'],
    ['duplicate_member', '{"a":1,"\\u0061":2}'],
    ['duplicate_member', '{"a":{"b":1,"b":2}}'],
    ['duplicate_member', '[[{"b":1,"c":[],"b":2}]]'],
    ['duplicate_member', '{"a":{"x":1,"y":2},"a":{}}'],
    ['duplicate_member', '{"a":{},"a":{"x":1,"y":2}}'],
    ['duplicate_member', '{"":1,"":2}'],
    ['duplicate_member', '{"a:b":1,"a:b":1}'],
    ['forbidden_member', '{"__proto__":{}}'],
    ['forbidden_member', '{"__proto__":null}'],
    ['forbidden_member', '{"a":[{"__proto__":1}]}'],
    ['forbidden_member', '{"\\u005f_proto_\\u005f":1}'],
    ['too_deep', nested(33)],
    ['too_deep', '{"a":'.repeat(33) + '1' + '}'.repeat(33)],
    ['too_deep', '['.repeat(100_000)],
    ['lone_surrogate', '"\\ud800"'],
    ['lone_surrogate', '"\\udc00\\ud800"'],
    ['lone_surrogate', '{"a":["\\uD83D x"]}'],
    ['lone_surrogate', '{"\\udfff":1}'],
    ['lone_surrogate', '"\ud800"'],
    ['lone_surrogate', '{"\udfff":1}'],
  ]
  for (const [reason, text] of refused) {
    test(`refuses ${JSON.stringify(text.slice(0, 40))} as ${reason}`, () => {
      assert.deepEqual(parseStrictJson(text), { ok: false, reason })
    })
  }

  const notUtf8: [string, Uint8Array][] = [
    ['a lone continuation byte', bytesOf(0x22, 0x80, 0x22)],
    ['an overlong slash', bytesOf(0x22, 0xc0, 0xaf, 0x22)],
    ['a surrogate in UTF-8', bytesOf(0x22, 0xed, 0xa0, 0x80, 0x22)],
    ['a code point above U+10FFFF', bytesOf(0x22, 0xf4, 0x90, 0x80, 0x80, 0x22)],
    ['a sequence cut off', bytesOf(0x22, 0xe2, 0x82)],
    ['UTF-16 with its byte order mark', bytesOf(0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00)],
  ]
  for (const [what, bytes] of notUtf8) {
    test(`refuses ${what} as not_utf8, and reads the next text`, () => {
      assert.equal(reasonOf(bytes), 'not_utf8')
      assert.equal(reasonOf(bytesOf(0x7b, 0x7d)), 'accepted')
    })
  }

  test('refuses a byte order mark', () => {
    assert.equal(reasonOf(bytesOf(0xef, 0xbb, 0xbf, 0x7b, 0x7d)), 'malformed')
  })

  test('refuses UTF-16 without its byte order mark', () => {
    assert.equal(reasonOf(bytesOf(0x7b, 0x00, 0x7d, 0x00)), 'malformed')
  })

  test('reads a view into a larger buffer', () => {
    const buffer = Buffer.from('xx{"a":1}yy')
    assert.deepEqual(parseStrictJson(buffer.subarray(2, 9)), { ok: true, value: { a: 1 } })
  })

  test('reads 32 levels unless told otherwise', () => {
    assert.equal(parseStrictJson(nested(32)).ok, true)
    assert.equal(parseStrictJson(nested(3), { maxDepth: 3 }).ok, true)
    assert.equal(parseStrictJson(nested(4), { maxDepth: 3 }).ok, false)
    assert.equal(parseStrictJson('{}', { maxDepth: Number.NaN }).ok, false)
  })

  test('counts brackets inside strings as text', () => {
    assert.equal(reasonOf(JSON.stringify(nested(50))), 'accepted')
    assert.equal(reasonOf(`"\\"${'['.repeat(50)}"`), 'accepted')
  })

  test('neither depth nor length overflow the stack', () => {
    assert.equal(parseStrictJson(nested(100_000), { maxDepth: 200_000 }).ok, true)
    assert.equal(reasonOf(`[${'1,'.repeat(300_000)}1]`), 'accepted')
  })

  describe('with escapes in member names', () => {
    test('reads them right after another text misled JSON.parse (nodejs/node#63785)', () => {
      parseStrictJson('{"misled":[],"\\\\":0}')
      for (const name of ['a', '\n', '"', '/', 'é', '\\']) {
        const text = `{"misled":1,${escapeAll(name)}\r\n\t :2}`
        assert.deepEqual(parseStrictJson(text), { ok: true, value: { misled: 1, [name]: 2 } })
      }
    })

    test('mixes nothing up with text that looks like its own stand-ins', () => {
      const text = '{"\\u0061":"#0","#0":{"\\n" \t:"\\"#1\\":"},"b":["\\u0023#0"]}'
      const value = { a: '#0', '#0': { '\n': '"#1":' }, b: ['##0'] }
      assert.deepEqual(parseStrictJson(text), { ok: true, value })
    })

    test('puts them back as own members, whatever their name', () => {
      const parsed = parseStrictJson('{"\\u0074oString":1,"\\u0063onstructor":2}')
      assert.deepEqual(parsed, { ok: true, value: { toString: 1, constructor: 2 } })
    })
  })

  test('agrees with JSON.parse on every text without a trap', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' }), (value) => {
        const text = JSON.stringify(value)
        fc.pre(!text.includes('"__proto__"') && !text.includes('\\'))
        assert.deepEqual(parseStrictJson(text), { ok: true, value: JSON.parse(text) })
      }),
    )
  })

  test('finds a duplicate wherever it is put and however it is spelled', () => {
    const name = fc.string({ unit: 'grapheme', maxLength: 4 }).filter((s) => s !== '__proto__')
    const member = fc.tuple(name, fc.jsonValue({ maxDepth: 2 }), fc.boolean())
    fc.assert(
      fc.property(fc.array(member, { maxLength: 6 }), fc.nat(5), (members, levels) => {
        const written = members.map(
          ([key, value, escape]) =>
            `${escape ? escapeAll(key) : JSON.stringify(key)}:${JSON.stringify(value)}`,
        )
        const text = `${'[{"a":'.repeat(levels)}{${written.join(',')}}${'}]'.repeat(levels)}`
        fc.pre(!text.includes('"__proto__"'))
        const isUnique = new Set(members.map(([key]) => key)).size === members.length
        assert.equal(reasonOf(text), isUnique ? 'accepted' : 'duplicate_member')
        if (!isUnique || levels > 0) return
        const value = Object.fromEntries(members.map(([key, inner]) => [key, clone(inner)]))
        assert.deepEqual(parseStrictJson(text), { ok: true, value })
      }),
    )
  })

  test('answers any bytes and any text, and throws on none', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseStrictJson(bytes)))
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseStrictJson(text)))
  })

  test('refuses every text that JSON.parse refuses', () => {
    const crumbs = fc.constantFrom('{', '}', '[', ']', ':', ',', '"', '\\', 'a', '1', 'u', ' ')
    fc.assert(
      fc.property(fc.string({ unit: crumbs, maxLength: 20 }), (text) => {
        let parses = true
        try {
          JSON.parse(text)
        } catch {
          parses = false
        }
        if (!parses) assert.equal(parseStrictJson(text).ok, false)
      }),
    )
  })
})

/** As JSON.stringify writes it: -0 becomes 0. */
function clone(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

function escapeAll(text: string): string {
  const units = text.split('').map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'))
  return `"${units.map((unit) => `\\u${unit}`).join('')}"`
}
