import type { TokenMaker } from './token-maker.ts'
import {
  AUDIENCE,
  CLAIMS,
  type InvalidVector,
  ISSUER,
  NOW,
  refuse,
  type VectorKeys,
} from './vector.ts'

/** Claims that are missing, of a wrong type, or of another issuer, service or time. */
export function claims({ es }: VectorKeys, maker: TokenMaker): InvalidVector[] {
  const withClaims = (changes: object): string => maker.sign(es, { ...CLAIMS, ...changes })
  const each = (reason: string, values: Record<string, object>): InvalidVector[] =>
    refuse(
      reason,
      Object.entries(values).map(([name, changes]) => [name, withClaims(changes)] as const),
    )
  const required = ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id']
  const overflowing = JSON.stringify({ ...CLAIMS, exp: 'here' }).replace('"here"', '1e400')
  return [
    ...each('invalid_claims', {
      ...Object.fromEntries(required.map((name) => [`no ${name}`, { [name]: undefined }])),
      ...Object.fromEntries(required.map((name) => [`${name} null`, { [name]: null }])),
      'exp as text': { exp: String(NOW + 900) },
      'exp in a list': { exp: [NOW + 900] },
      'exp true': { exp: true },
      'iat as text': { iat: String(NOW) },
      'nbf as text': { nbf: '0' },
      'sub empty': { sub: '' },
      'sub an object': { sub: { $ne: null } },
      'sub a number': { sub: 1 },
      'jti empty': { jti: '' },
      'iss in a list': { iss: [ISSUER] },
      'aud an empty list': { aud: [] },
      'aud an object': { aud: { 0: AUDIENCE } },
      'aud with a number': { aud: [AUDIENCE, 1] },
      'client_id a number': { client_id: 1 },
      'sid empty': { sid: '' },
      'epoch negative': { epoch: -1 },
      'epoch as text': { epoch: '3' },
      'epoch with a fraction': { epoch: 0.5 },
      'roles as text': { roles: 'admin' },
      'roles with a number': { roles: ['user', 1] },
    }),
    ...refuse('invalid_claims', [['exp that overflows', maker.sign(es, overflowing)]]),
    ...each('wrong_issuer', {
      'another issuer': { iss: 'https://evil.example' },
      'the issuer with a slash': { iss: `${ISSUER}/` },
      'the issuer in capitals': { iss: ISSUER.toUpperCase() },
    }),
    ...each('wrong_audience', {
      'another audience': { aud: 'https://other.example' },
      'the audience with a slash': { aud: `${AUDIENCE}/` },
      'the audience in capitals': { aud: AUDIENCE.toUpperCase() },
      'only other audiences': { aud: ['a', 'b'] },
      'the issuer as audience': { aud: ISSUER },
    }),
    ...each('expired', {
      'expiry now': { exp: NOW },
      'expiry a second ago': { exp: NOW - 1 },
      'expiry before 1970': { exp: -1 },
    }),
    ...each('not_yet_valid', {
      'issued six seconds ahead': { iat: NOW + 6 },
      'valid from six seconds ahead': { nbf: NOW + 6 },
      'issued in milliseconds': { iat: NOW * 1000 },
    }),
  ]
}
