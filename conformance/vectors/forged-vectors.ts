import { createSecretKey } from 'node:crypto'
import { encode, headerOf, type TokenMaker } from './token-maker.ts'
import { toPublicJwk, type VectorKey } from './vector-keys.ts'
import { CLAIMS, type InvalidVector, refuse, splitUp, type VectorKeys } from './vector.ts'

/** What the header says that must not be believed or understood. */
export function headers({ es, stranger }: VectorKeys, maker: TokenMaker): InvalidVector[] {
  const withHeader = (changes: object): string => {
    return maker.sign(es, CLAIMS, { ...headerOf(es), ...changes })
  }
  const types: unknown[] = [
    'JWT',
    undefined,
    null,
    'AT+JWT',
    'dpop+jwt',
    'logout+jwt',
    'countersign-revocations+jwt',
    ['at+jwt'],
    'at+jwt ',
    'application/application/at+jwt',
  ]
  const kids: unknown[] = [
    undefined,
    '../../dev/null',
    "' OR '1'='1",
    '__proto__',
    'constructor',
    'ES-1',
    'es-1\0',
    'k'.repeat(257),
    '',
    1,
    null,
    ['es-1'],
    { $ne: '' },
  ]
  return [
    ...refuse(
      'wrong_type',
      types.map((typ) => [named('typ', typ), withHeader({ typ })]),
    ),
    ...refuse('unsupported_header', [
      ['crit', withHeader({ crit: ['exp'], exp: 1 })],
      ['crit empty', withHeader({ crit: [] })],
      ['b64 false with crit', withHeader({ crit: ['b64'], b64: false })],
      ['b64 false without crit', withHeader({ b64: false })],
      ['zip', withHeader({ zip: 'DEF' })],
    ]),
    ...refuse('unknown_key', [
      ...kids.map((kid) => [named('kid', kid), withHeader({ kid })] as const),
      [
        'a key of its own, embedded in the header',
        maker.sign(stranger, CLAIMS, { ...headerOf(stranger), jwk: toPublicJwk(stranger) }),
      ],
      [
        'a key of its own, at an address in the header',
        maker.sign(stranger, CLAIMS, { ...headerOf(stranger), jku: 'https://evil.example/jwks' }),
      ],
    ]),
  ]
}

/** One key, one algorithm (RFC 8725 §3.1). */
export function algorithms({ es, ed, rs, ps }: VectorKeys, maker: TokenMaker): InvalidVector[] {
  const spelt: unknown[] = [
    'none',
    'None',
    'nOnE',
    '',
    'es256',
    'ES256 ',
    'ES384',
    'ES256K',
    'Ed25519',
    'EdDSA',
    'RS256',
    'PS256',
    'HS256',
    1,
    null,
    ['ES256'],
  ]
  const header = (alg: unknown): object => ({ ...headerOf(es), alg })
  const pem = es.publicKey.export({ format: 'pem', type: 'spki' })
  const der = es.publicKey.export({ format: 'der', type: 'spki' })
  const asSecret = (secret: string | Uint8Array): VectorKey => {
    const key = createSecretKey(Buffer.from(secret))
    return { ...es, privateKey: key, publicKey: key }
  }
  const hmac = (secret: string | Uint8Array): string => {
    return maker.sign(asSecret(secret), CLAIMS, header('HS256'), 'HS256')
  }
  return refuse('wrong_algorithm', [
    ...spelt.flatMap((alg) => [
      [
        `alg ${JSON.stringify(alg)}, signed by the key`,
        maker.sign(es, CLAIMS, header(alg)),
      ] as const,
      [
        `alg ${JSON.stringify(alg)}, unsigned`,
        `${encode(header(alg))}.${encode(CLAIMS)}.`,
      ] as const,
    ]),
    ['no alg', maker.sign(es, CLAIMS, header(undefined))],
    ['the public key as HMAC secret, PEM', hmac(pem)],
    ['the public key as HMAC secret, DER', hmac(der)],
    ['the public key as HMAC secret, JWK', hmac(JSON.stringify(toPublicJwk(es)))],
    [
      'RS256 by the key of PS256',
      maker.sign(ps, CLAIMS, { ...headerOf(ps), alg: 'RS256' }, 'RS256'),
    ],
    [
      'PS256 by the key of RS256',
      maker.sign(rs, CLAIMS, { ...headerOf(rs), alg: 'PS256' }, 'PS256'),
    ],
    ['ES256 by the kid of EdDSA', maker.sign(es, CLAIMS, { ...headerOf(es), kid: ed.kid })],
  ])
}

/** Signatures that are nobody's, or not in the one form of their algorithm. */
export function signatures(
  { es, ed, rs, stranger }: VectorKeys,
  maker: TokenMaker,
): InvalidVector[] {
  const good = maker.sign(es, CLAIMS)
  const [header, payload, signature] = splitUp(good)
  const raw = Buffer.from(signature, 'base64url')
  const zero = Buffer.alloc(32)
  const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'
  const twice = Buffer.from(order + order, 'hex')
  const signed = (bytes: Uint8Array): string =>
    `${header}.${payload}.${Buffer.from(bytes).toString('base64url')}`
  const [edHeader, edPayload, edSignature] = splitUp(maker.sign(ed, CLAIMS))
  const [rsHeader, rsPayload, rsSignature] = splitUp(maker.sign(rs, CLAIMS))
  return refuse('bad_signature', [
    ['none', `${header}.${payload}.`],
    ['zeros (CVE-2022-21449)', signed(Buffer.alloc(64))],
    ['r zero', signed(Buffer.concat([zero, raw.subarray(32)]))],
    ['s zero', signed(Buffer.concat([raw.subarray(0, 32), zero]))],
    ['the order of the curve', signed(twice)],
    ['DER', signed(toDer(raw))],
    ['one byte more', signed(Buffer.concat([raw, Buffer.alloc(1)]))],
    ['one byte less', signed(raw.subarray(0, 63))],
    ['r and s exchanged', signed(Buffer.concat([raw.subarray(32), raw.subarray(0, 32)]))],
    ['another key under this kid', maker.sign(stranger, CLAIMS, headerOf(es))],
    ['other claims', `${header}.${encode({ ...CLAIMS, roles: ['admin'] })}.${signature}`],
    ['another header', `${encode({ ...headerOf(es), cty: 'x' })}.${payload}.${signature}`],
    ['broken claims of an unknown author', `${header}.${encode('{')}.${signature}`],
    ['Ed25519: S + L (RFC 8032 §5.1.7)', `${edHeader}.${edPayload}.${plusOrder(edSignature)}`],
    ['Ed25519: zeros', `${edHeader}.${edPayload}.${encode(Buffer.alloc(64))}`],
    ['RSA: zeros', `${rsHeader}.${rsPayload}.${encode(Buffer.alloc(384))}`],
    ['RSA: a zero in front', `${rsHeader}.${rsPayload}.${encode(prefixed(rsSignature))}`],
  ])
}

/** SEQUENCE of two INTEGERs, as OpenSSL has it by default (RFC 3279 §2.2.3). */
function toDer(raw: Buffer): Buffer {
  const integers = [raw.subarray(0, 32), raw.subarray(32)].map((scalar) => {
    const start = scalar.findIndex((byte) => byte !== 0)
    const bytes = Buffer.from(scalar.subarray(start))
    const positive = (bytes[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes
    return Buffer.concat([Buffer.from([2, positive.length]), positive])
  })
  const content = Buffer.concat(integers)
  return Buffer.concat([Buffer.from([0x30, content.length]), content])
}

function prefixed(signature: string): Uint8Array {
  return Buffer.concat([Buffer.alloc(1), Buffer.from(signature, 'base64url')])
}

function plusOrder(signature: string): string {
  const order = (1n << 252n) + 27_742_317_777_372_353_535_851_937_790_883_648_493n
  const bytes = Buffer.from(signature, 'base64url')
  const s = BigInt(`0x${Buffer.from(bytes.subarray(32).toReversed()).toString('hex')}`)
  const twin = Buffer.from((s + order).toString(16).padStart(64, '0'), 'hex').toReversed()
  return encode(Buffer.concat([bytes.subarray(0, 32), twin]))
}

function named(what: string, value: unknown): string {
  return `${what} ${value === undefined ? 'missing' : JSON.stringify(value).slice(0, 40)}`
}
