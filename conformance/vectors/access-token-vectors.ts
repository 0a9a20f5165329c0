import { claims } from './claim-vectors.ts'
import { algorithms, headers, signatures } from './forged-vectors.ts'
import { form, json } from './malformed-vectors.ts'
import { encode, headerOf, TokenMaker } from './token-maker.ts'
import { toPublicJwk } from './vector-keys.ts'
import {
  AUDIENCE,
  CLAIMS,
  type InvalidVector,
  ISSUER,
  NOW,
  refuse,
  splitUp,
  type ValidVector,
  type VectorKeys,
} from './vector.ts'

/** The content of access-tokens.json. */
export interface AccessTokenVectors {
  readonly about: string
  /** The time to verify at, Unix time in seconds. */
  readonly now: number
  readonly issuer: string
  readonly audience: string
  readonly jwks: { readonly keys: readonly object[] }
  readonly valid: readonly ValidVector[]
  readonly invalid: readonly InvalidVector[]
  /** For verifiers that know the shared secret and take HS256 with it. */
  readonly sharedSecret: {
    readonly kid: string
    /** Its UTF-8 bytes are the key. */
    readonly secret: string
    readonly valid: readonly ValidVector[]
    readonly invalid: readonly InvalidVector[]
  }
  /** Good tokens, and what was revoked of them: for verifiers that follow the feed. */
  readonly revocation: {
    readonly entries: readonly object[]
    readonly live: readonly { readonly name: string; readonly token: string }[]
    readonly revoked: readonly { readonly name: string; readonly token: string }[]
  }
}

/** Every vector, signed by these keys; `earlier` are the tokens of the file as it is. */
export function makeAccessTokenVectors(
  keys: VectorKeys,
  earlier: Iterable<string>,
): AccessTokenVectors {
  const maker = new TokenMaker(earlier)
  return {
    about:
      'Access tokens (RFC 9068) that must pass and must fail, as conformance/vectors/README.md explains. The keys are published: trust them nowhere.',
    now: NOW,
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks: { keys: [keys.es, keys.ed, keys.rs, keys.ps].map(toPublicJwk) },
    valid: valid(keys, maker),
    invalid: [
      ...form(keys, maker),
      ...json(keys, maker),
      ...headers(keys, maker),
      ...algorithms(keys, maker),
      ...signatures(keys, maker),
      ...claims(keys, maker),
    ],
    sharedSecret: sharedSecret(keys, maker),
    revocation: revocation(keys, maker),
  }
}

function valid({ es, ed, rs, ps, stranger }: VectorKeys, maker: TokenMaker): ValidVector[] {
  const pass = (name: string, changes: object = {}, header: object = {}, key = es): ValidVector => {
    const all = { ...CLAIMS, ...changes }
    const token = maker.sign(key, all, { ...headerOf(key), ...header })
    return { name, token, claims: JSON.parse(JSON.stringify(all)) }
  }
  return [
    pass('ES256'),
    pass('EdDSA', {}, {}, ed),
    pass('RS256', {}, {}, rs),
    pass('PS256', {}, {}, ps),
    pass('typ with the prefix application/', {}, { typ: 'application/at+jwt' }),
    pass('a header member that means nothing here', {}, { cty: 'x', other: [1] }),
    pass(
      'addresses and keys in the header, which are not used',
      {},
      {
        jku: 'https://evil.example/jwks.json',
        x5u: 'https://evil.example/cert',
        jwk: toPublicJwk(stranger),
      },
    ),
    pass('the audience among others', { aud: ['https://other.example', AUDIENCE] }),
    pass('one second to live', { exp: NOW + 1 }),
    pass('a fraction of a second to live', { exp: NOW + 0.5 }),
    pass('issued five seconds ahead', { iat: NOW + 5 }),
    pass('valid from five seconds ahead', { nbf: NOW + 5 }),
    pass('issued long ago', { iat: 0 }),
    pass('no session, no epoch, no roles', { sid: undefined, epoch: undefined, roles: undefined }),
    pass('claims that mean nothing here', { plan: { seats: [1, 2] }, name: 'Ada "Countess" Löve' }),
    pass('a long one', { padding: 'x'.repeat(5000) }),
  ]
}

function sharedSecret(
  { hs, es }: VectorKeys,
  maker: TokenMaker,
): AccessTokenVectors['sharedSecret'] {
  const tutorial = { ...CLAIMS, userId: 'user-1', username: 'ada', role: 'user' }
  const [header, payload, mac] = splitUp(maker.sign(hs, CLAIMS))
  const bytes = Buffer.from(mac, 'base64url')
  return {
    kid: hs.kid,
    secret: hs.privateKey.export().toString('utf8'),
    valid: [
      { name: 'HS256', token: maker.sign(hs, CLAIMS), claims: CLAIMS },
      { name: "the tutorial's claims", token: maker.sign(hs, tutorial), claims: tutorial },
    ],
    invalid: [
      ...refuse('bad_signature', [
        ['HS256: none', `${header}.${payload}.`],
        ['HS256: half', `${header}.${payload}.${encode(bytes.subarray(0, 16))}`],
        ['HS256: zeros', `${header}.${payload}.${encode(Buffer.alloc(32))}`],
      ]),
      ...refuse('wrong_algorithm', [
        [
          'ES256 by the kid of the secret',
          maker.sign(es, CLAIMS, { ...headerOf(es), kid: hs.kid }),
        ],
        [
          'none by the kid of the secret',
          `${encode({ ...headerOf(hs), alg: 'none' })}.${payload}.`,
        ],
      ]),
    ],
  }
}

function revocation({ es }: VectorKeys, maker: TokenMaker): AccessTokenVectors['revocation'] {
  const of = (name: string, changes: object): { name: string; token: string } => ({
    name,
    token: maker.sign(es, { ...CLAIMS, ...changes }),
  })
  return {
    entries: [
      { session: 'ended', at: NOW - 1 },
      { subject: 'disabled', epoch: 4, at: NOW - 1 },
    ],
    live: [
      of('another session', { sid: 'other' }),
      of('an epoch that is high enough', { sub: 'disabled', epoch: 4 }),
      of('a session of that name as subject', { sub: 'ended' }),
    ],
    revoked: [
      of('the session has ended', { sid: 'ended' }),
      of('the epoch is too low', { sub: 'disabled', epoch: 3 }),
      of('no epoch at all', { sub: 'disabled', epoch: undefined }),
    ],
  }
}
