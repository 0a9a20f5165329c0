import type { VectorKey } from './vector-keys.ts'

export interface ValidVector {
  readonly name: string
  readonly token: string
  readonly claims: unknown
}

export interface InvalidVector {
  readonly name: string
  /** Of TOKEN_FAILURES of @countersign/verify. Others need not tell reasons apart, only refuse. */
  readonly reason: string
  readonly token: string
}

/** Names and tokens. */
export type Cases = readonly (readonly [name: string, token: string])[]

export interface VectorKeys {
  readonly es: VectorKey
  readonly ed: VectorKey
  readonly rs: VectorKey
  readonly ps: VectorKey
  readonly hs: VectorKey
  readonly stranger: VectorKey
}

export const NOW: number = 1_800_000_000
export const ISSUER: string = 'https://auth.example.com'
export const AUDIENCE: string = 'https://api.example.com'

export const CLAIMS = {
  iss: ISSUER,
  sub: 'user-1',
  aud: AUDIENCE,
  exp: NOW + 900,
  iat: NOW,
  jti: 'token-1',
  client_id: 'first-party',
  sid: 'session-1',
  epoch: 3,
  roles: ['user'],
}
/** Vectors that fail for one reason. */
export function refuse(reason: string, cases: Cases): InvalidVector[] {
  return cases.map(([name, token]) => ({ name, reason, token }))
}

/** The three parts of a token. */
export function splitUp(token: string): [string, string, string] {
  const [header = '', payload = '', signature = ''] = token.split('.')
  return [header, payload, signature]
}
