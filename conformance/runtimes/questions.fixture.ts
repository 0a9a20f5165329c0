// What the runtimes are asked, beyond the vectors: tokens and keys on which platforms may differ. What is right is what
// Node answers, whose own tests hold it to the rules.

import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { encode, headerOf } from '../vectors/token-maker.ts'
import {
  type KeptKey,
  openKey,
  signWith,
  toPublicJwk,
  type VectorKey,
} from '../vectors/vector-keys.ts'
import { AUDIENCE, CLAIMS, ISSUER, NOW } from '../vectors/vector.ts'
import type { Questions } from './answer-questions.fixture.ts'
import { signaturesOver } from './forge-signatures.fixture.ts'

const signingKeys = readFileSync(join(import.meta.dirname, '../vectors/signing-keys.json'), 'utf8')
const kept = (JSON.parse(signingKeys) as { readonly keys: readonly KeptKey[] }).keys
const signers = kept.map(openKey)
const own = signers.filter(({ kid }) => kid !== 'stranger')

export function makeQuestions(): Questions {
  const published = own.filter(({ alg }) => alg !== 'HS256')
  const secret = own.find(({ alg }) => alg === 'HS256')
  if (secret === undefined) throw new Error('There is no secret among the keys.')
  const goods = own.map((key) => signRaw(key, JSON.stringify(CLAIMS)))
  return {
    now: NOW,
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks: { keys: published.map(toPublicJwk) },
    secret: toPublicJwk(secret),
    tokens: [
      ...goods,
      ...own.flatMap((key) => {
        const text = textOf(key, JSON.stringify(CLAIMS))
        return signaturesOver(key, text).map((bytes) => `${text}.${bytes.toString('base64url')}`)
      }),
      ...goods.flatMap(flipBits),
      ...goods.flatMap(respell),
      ...oddPayloads().map((payload) => signRaw(own[0] as VectorKey, payload)),
      ...notTokens,
    ],
    keys: oddKeys(),
  }
}

function textOf(key: VectorKey, payload: string | Uint8Array): string {
  return `${encode(headerOf(key))}.${encode(payload)}`
}

function signRaw(key: VectorKey, payload: string | Uint8Array): string {
  const text = textOf(key, payload)
  return `${text}.${signWith(key, key.alg, text).toString('base64url')}`
}

const notTokens: readonly unknown[] = [
  undefined,
  null,
  0,
  true,
  {},
  [],
  ['a.b.c'],
  { length: 3 },
  '',
  '.',
  '..',
  '...',
  'a.b.c',
  '.'.repeat(100_000),
  'A'.repeat(200_000),
  '\0',
  '😀.😀.😀',
]

/** One bit in each byte of each part. */
function flipBits(token: string): readonly string[] {
  const parts = token.split('.')
  return parts.flatMap((part, index) => {
    const bytes = Buffer.from(part, 'base64url')
    return Array.from(bytes, (byte, at) => {
      const flipped = Buffer.from(bytes)
      flipped[at] = byte ^ (1 << ((at + index) % 8))
      return parts.with(index, flipped.toString('base64url')).join('.')
    })
  })
}

/** The same bytes in another spelling, for whoever decodes with forgiveness. */
function respell(token: string): readonly string[] {
  const oddities = [
    '=',
    '==',
    '+',
    '/',
    ' ',
    '\n',
    '\r\n',
    '\t',
    '\0',
    '\u00a0',
    '\ufeff',
    '.',
    '~',
  ]
  const parts = token.split('.')
  return parts.flatMap((part, index) => {
    const middle = part.length >> 1
    const inserted = oddities.flatMap((odd) => [
      odd + part,
      part.slice(0, middle) + odd + part.slice(middle),
      part + odd,
    ])
    const last = part.at(-1) ?? ''
    const unusedBits = [1, 2, 3].map((more) => part.slice(0, -1) + nextDigit(last, more))
    const beyondAscii = [
      part.slice(0, middle) +
        String.fromCharCode(part.charCodeAt(middle) + 0x1_00) +
        part.slice(middle + 1),
    ]
    return [
      ...inserted,
      ...unusedBits,
      ...beyondAscii,
      Buffer.from(part, 'base64url').toString('base64'),
    ].map((other) => parts.with(index, other).join('.'))
  })
}

function nextDigit(digit: string, by: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[(alphabet.indexOf(digit) + by) % 64] ?? ''
}

/** Signed, and read differently by different parsers of JSON and UTF-8. */
function oddPayloads(): readonly (string | Uint8Array)[] {
  const claims = JSON.stringify(CLAIMS)
  const plus = (members: string): string => `${claims.slice(0, -1)},${members}}`
  const raw = (hex: string): Uint8Array =>
    Buffer.concat([
      Buffer.from(`${claims.slice(0, -1)},"x":"`),
      Buffer.from(hex, 'hex'),
      Buffer.from('"}'),
    ])
  const numbers = [
    '1e400',
    '-1e400',
    '-0',
    '1E3',
    '01',
    '+1',
    '.5',
    '5.',
    '0x10',
    '1_0',
    'NaN',
    'Infinity',
    '1e-400',
  ]
  const names = [
    '"\\u0061ud":"x"',
    '"iss":"x"',
    '"\\u0069ss":"x"',
    '"__proto__":{}',
    '"\\u005f_proto__":{}',
    '"a":{"b":1,"b":2}',
    '"\\\\":0,"\\n":1',
    '"h":[],"\\\\":0',
    '"h":1,"\\n":2',
    '"toString":1',
    '"constructor":{"prototype":1}',
    '"a\\u0000":1,"a":2',
  ]
  return [
    ...names.map(plus),
    ...numbers.map((number) => plus(`"x":${number}`)),
    ...numbers.map((number) => claims.replace(/"exp":\d+/, `"exp":${number}`)),
    ...[
      'ff',
      'c0af',
      'c080',
      'e08080',
      'eda080',
      'eda080edb080',
      'f4908080',
      'f09f98',
      'efbfbe',
      'efbbbf',
      '00',
      '0a',
      '7f',
      'e280a8',
    ].map(raw),
    ...['\\ud800', '\\udc00\\ud800', '\\ud83d\\ude00', '\\x41', '\\u00', "\\'", '\\a'].map((text) =>
      plus(`"x":"${text}"`),
    ),
    `\ufeff${claims}`,
    Buffer.from(claims, 'utf16le'),
    ` \t\r\n${claims} `,
    `${claims}\u00a0`,
    `${claims}\0`,
    `${claims}{}`,
    `/**/${claims}`,
    claims.replaceAll('"', "'"),
    `${claims.slice(0, -1)},}`,
    ...[31, 32, 33, 1000, 2000].map((depth) =>
      plus(`"x":${'['.repeat(depth)}${']'.repeat(depth)}`),
    ),
    'null',
    '[]',
    '""',
    '1',
    'true',
    '{}',
    '',
  ]
}

function oddKeys(): Questions['keys'] {
  const byAlg = new Map(own.map((key) => [key.alg, key]))
  const tokensOf = (alg: string): readonly string[] => {
    const key = byAlg.get(alg as VectorKey['alg']) as VectorKey
    const text = textOf(key, JSON.stringify(CLAIMS))
    return signaturesOver(key, text).map((bytes) => `${text}.${bytes.toString('base64url')}`)
  }
  const jwkOf = (alg: string) => toPublicJwk(byAlg.get(alg as VectorKey['alg']) as VectorKey)
  return ['ES256', 'EdDSA', 'RS256', 'PS256', 'HS256'].flatMap((alg) => {
    const tokens = tokensOf(alg)
    return [{}, ...changesOf(alg, jwkOf(alg))].map((changes) => ({
      jwk: { ...jwkOf(alg), ...changes },
      tokens,
    }))
  })
}

function changesOf(alg: string, jwk: Record<string, unknown>): readonly object[] {
  const general = [
    ...[undefined, '', 1, null].map((kid) => ({ kid })),
    ...['none', 'ES384', 'Ed25519', 'HS256', 'RS256', 'ES256', alg.toLowerCase(), undefined].map(
      (other) => ({ alg: other }),
    ),
    ...['enc', '', 1].map((use) => ({ use })),
    ...[['sign'], ['sign', 'verify'], ['verify', 'verify'], ['encrypt'], [], 'verify'].map(
      (ops) => ({ key_ops: ops }),
    ),
    { d: 'AA' },
    { ext: false },
    { x5u: 'https://evil.example' },
  ]
  switch (alg) {
    case 'ES256':
      return [...general, ...oddPoints(jwk)]
    case 'EdDSA':
      return [...general, ...oddEdwardsPoints(jwk)]
    case 'HS256':
      return [
        ...general,
        ...[0, 1, 31, 32, 33, 64, 65, 4000].map((n) => ({ k: b64(Buffer.alloc(n, 7)) })),
        { k: `${String(jwk['k'])}=` },
      ]
    default:
      return [...general, ...oddModuli(jwk)]
  }
}

function oddPoints({ x, y }: Record<string, unknown>): readonly object[] {
  const [px, py] = [bytesOf(x), bytesOf(y)]
  const prime = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff'
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({
    format: 'jwk',
  })
  return [
    { x: y, y: x },
    { x: b64(Buffer.alloc(32)), y: b64(Buffer.alloc(32)) },
    { x: b64(Buffer.alloc(32, 7)) },
    { x: b64(Buffer.from(prime, 'hex')) },
    { y: b64(Buffer.from(prime, 'hex')) },
    { x: b64(Buffer.concat([Buffer.alloc(1), px])) },
    { x: b64(px.subarray(1)) },
    { x: b64(px.subarray(0, 31)), y: b64(py.subarray(0, 31)) },
    { x: b64(Buffer.concat([px, py])), y: '' },
    { x: '' },
    { x: `${String(x)}=` },
    { x: Buffer.from(px).toString('base64') },
    { ...p384, crv: 'P-256' },
    { crv: 'P-384' },
    { crv: 'secp256k1' },
    { kty: 'OKP' },
  ]
}

function oddEdwardsPoints({ x }: Record<string, unknown>): readonly object[] {
  const bytes = bytesOf(x)
  const smallOrder = [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000080',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    // Not on the curve.
    '0200000000000000000000000000000000000000000000000000000000000000',
  ]
  return [
    ...smallOrder.map((hex) => ({ x: b64(Buffer.from(hex, 'hex')) })),
    { x: b64(bytes.subarray(1)) },
    { x: b64(Buffer.concat([bytes, Buffer.alloc(1)])) },
    { x: b64(Buffer.concat([Buffer.alloc(1), bytes])) },
    { x: '' },
    { crv: 'X25519' },
    { crv: 'Ed448' },
  ]
}

function oddModuli({ n, e }: Record<string, unknown>): readonly object[] {
  const [modulus, exponent] = [bytesOf(n), bytesOf(e)]
  const zero = Buffer.alloc(1)
  const exponents = [
    '',
    '00',
    '01',
    '02',
    '03',
    '010000',
    '010001',
    '00010001',
    '01000001',
    '0100000001',
    '010000000000000001',
  ]
  return [
    ...[1024, 2048, 3071, 3072].map((bits) => generateRsa(bits)),
    generateRsa(3072, 3),
    ...exponents.map((hex) => ({ e: b64(Buffer.from(hex, 'hex')) })),
    { e: n },
    { n: b64(Buffer.concat([zero, modulus])) },
    { e: b64(Buffer.concat([zero, exponent])) },
    { n: b64(modulus.subarray(0, -1)) },
    { n: b64(Buffer.concat([modulus.subarray(0, -1), zero])) },
    { n: b64(Buffer.alloc(384)) },
    { n: b64(Buffer.alloc(384, 0xff)) },
    { n: b64(Buffer.concat([modulus, modulus, modulus, modulus, modulus, modulus])) },
    { n: '' },
    { n: `${String(n)}=` },
  ]
}

function generateRsa(modulusLength: number, publicExponent = 65_537): object {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent })
  return publicKey.export({ format: 'jwk' })
}

function bytesOf(value: unknown): Buffer {
  return Buffer.from(String(value), 'base64url')
}

function b64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
