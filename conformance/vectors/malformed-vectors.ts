import { encode, headerOf, type TokenMaker } from './token-maker.ts'
import { CLAIMS, type InvalidVector, refuse, splitUp, type VectorKeys } from './vector.ts'

/** The same text with other bits in the last character, where they do not count. */
function withUnusedBits(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return part.slice(0, -1) + alphabet.charAt(alphabet.indexOf(part.slice(-1)) + 1)
}

/** What is no token by its form. */
export function form({ es }: VectorKeys, maker: TokenMaker): InvalidVector[] {
  const good = maker.sign(es, CLAIMS)
  const [header, payload, signature] = splitUp(good)
  const flattened = JSON.stringify({ protected: header, payload, signature })
  const full = `${header}.${payload}.`
  return [
    ...refuse('malformed', [
      ['nothing', ''],
      ['one part', header],
      ['two parts', `${header}.${payload}`],
      ['four parts', `${good}.${signature}`],
      ['five parts, as a JWE has', `${good}.${payload}.${signature}`],
      ['a dot at the end', `${good}.`],
      ['the flattened JSON serialisation', flattened],
    ]),
    ...refuse('too_large', [['8,193 characters', full + 'A'.repeat(8193 - full.length)]]),
    ...refuse('not_canonical', [
      ['padding', `${good}==`],
      ['padding in the header', maker.signText(es, `${header}=.${payload}`)],
      ['a space in front', ` ${good}`],
      ['a line end behind', `${good}\n`],
      ['a line end inside', `${header}\n.${payload}.${signature}`],
      ['a NUL behind', `${good}\0`],
      ['standard base64', `${full}${'+/'.repeat(43)}`],
      ['a character of no alphabet', `${full}*${signature}`],
      ['full-width letters', `${full}${'Ａ'.repeat(86)}`],
      ['the scheme in front', `Bearer ${good}`],
      ['unused bits set in the signature', `${full}${withUnusedBits(signature)}`],
      [
        'unused bits set in the header',
        maker.signText(es, `${withUnusedBits(spaced(headerOf(es)))}.${payload}`),
      ],
      [
        'unused bits set in the payload',
        maker.signText(es, `${header}.${withUnusedBits(spaced(CLAIMS))}`),
      ],
      [
        'a length that no bytes have',
        `${full}${signature.slice(0, -1)}`.padEnd(full.length + 85, 'A'),
      ],
    ]),
  ]
}

/** Padded with spaces to a length that leaves bits of the last character unused. */
function spaced(value: object): string {
  const text = JSON.stringify(value)
  return encode(text.padEnd(text.length + ((4 - (text.length % 3)) % 3)))
}

/** What is no token by its JSON. */
export function json({ es }: VectorKeys, maker: TokenMaker): InvalidVector[] {
  const texts: Record<string, string | Uint8Array> = {
    nothing: '',
    'no JSON': 'x',
    'a list': '[]',
    null: 'null',
    'a text': '"at+jwt"',
    'a byte order mark': `\ufeff${JSON.stringify(CLAIMS)}`,
    'bytes that are no UTF-8': Buffer.from(JSON.stringify({ ...CLAIMS, x: 'é' }), 'latin1'),
    'UTF-16': Buffer.from(JSON.stringify(CLAIMS), 'utf16le'),
    'two objects': '{}{}',
    'a comma at the end': '{"a":1,}',
    'nesting to 33': added(`"a":${'['.repeat(32)}${']'.repeat(32)}`),
    'a member __proto__': added('"__proto__":{"roles":["admin"]}'),
    'a member __proto__ deep inside': added('"a":[{"__proto__":1}]'),
    'a lone surrogate': JSON.stringify(CLAIMS).replace('user-1', '\\ud800'),
    'a subject twice': added('"sub":"root"'),
    'a subject twice, once with escapes': added('"\\u0073ub":"root"'),
    'a member twice deep inside': added('"a":{"b":1,"b":1}'),
  }
  const header = JSON.stringify(headerOf(es))
  return refuse('invalid_json', [
    ...Object.entries(texts).flatMap(([what, text]) => [
      [`claims: ${what}`, maker.sign(es, text)] as const,
      [`header: ${what}`, maker.sign(es, CLAIMS, text)] as const,
    ]),
    ['header: alg twice', maker.sign(es, CLAIMS, header.replace(/}$/, ',"alg":"none"}'))],
    ['header: kid twice', maker.sign(es, CLAIMS, header.replace(/}$/, ',"kid":"es-1"}'))],
  ])
}

function added(member: string): string {
  return JSON.stringify(CLAIMS).replace(/}$/, `,${member}}`)
}
