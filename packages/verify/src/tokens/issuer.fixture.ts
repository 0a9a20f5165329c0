import {
  constants,
  createHmac,
  createSecretKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto'
import type { AccessClaims } from './claims.ts'
import type { LocalVerifierOptions, Verification, VerificationKey } from '../index.ts'
import type { Algorithm } from '../cryptography/keys.ts'

/** A key pair (or secret) of an issuer that the tests play. */
export interface SigningKey extends VerificationKey {
  signingKey: KeyObject
}

export const NOW_SECONDS = 1_800_000_000
export const ISSUER = 'https://auth.example.com'

/** Claims of a token as Countersign issues it, at {@link NOW_SECONDS}. */
export const CLAIMS: AccessClaims = {
  iss: ISSUER,
  sub: 'user-1',
  aud: ISSUER,
  exp: NOW_SECONDS + 900,
  iat: NOW_SECONDS,
  jti: 'token-1',
  client_id: 'first-party',
  sid: 'session-1',
  epoch: 3,
  roles: ['user'],
}

/** @param secret for HS256, in place of a random one */
export function createSigningKey(
  algorithm: Algorithm,
  kid = 'key-1',
  secret: Uint8Array | string = randomBytes(32),
): SigningKey {
  switch (algorithm) {
    case 'HS256': {
      const key = createSecretKey(Buffer.from(secret))
      return { kid, algorithm, key, signingKey: key }
    }
    case 'ES256': {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      return { kid, algorithm, key: pair.publicKey, signingKey: pair.privateKey }
    }
    case 'EdDSA': {
      const pair = generateKeyPairSync('ed25519')
      return { kid, algorithm, key: pair.publicKey, signingKey: pair.privateKey }
    }
    case 'RS256':
    case 'PS256': {
      const pair = generateKeyPairSync('rsa', { modulusLength: 3072 })
      return { kid, algorithm, key: pair.publicKey, signingKey: pair.privateKey }
    }
    default:
      throw new TypeError('No such algorithm.')
  }
}

/** The header that goes with a key. */
export function headerFor(key: VerificationKey): { typ: string; alg: string; kid: string } {
  return { typ: 'at+jwt', alg: key.algorithm, kid: key.kid }
}

/** Signs whatever it is given: objects as JSON, text and bytes as they are. */
export function signToken(
  key: SigningKey,
  claims: object | string = CLAIMS,
  header: object | string = headerFor(key),
): string {
  const signingInput = `${encodePart(header)}.${encodePart(claims)}`
  return `${signingInput}.${signBytes(key, signingInput).toString('base64url')}`
}

export function signBytes(
  { algorithm, signingKey: key }: SigningKey,
  signingInput: string,
): Buffer {
  const data = Buffer.from(signingInput)
  switch (algorithm) {
    case 'HS256':
      return createHmac('sha256', key).update(data).digest()
    case 'ES256':
      return sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' })
    case 'EdDSA':
      return sign(undefined, data, key)
    case 'RS256':
      return sign('sha256', data, key)
    case 'PS256':
      return sign('sha256', data, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: 32,
      })
    default:
      throw new TypeError('No such algorithm.')
  }
}

export function encodePart(part: object | string): string {
  const bytes = typeof part === 'string' || part instanceof Uint8Array ? part : JSON.stringify(part)
  return Buffer.from(bytes).toString('base64url')
}

/** The three parts of a token. */
export function splitToken(token: string): { header: string; payload: string; signature: string } {
  const [header = '', payload = '', signature = ''] = token.split('.')
  return { header, payload, signature }
}

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** The other signature, (r, n − s), that every ECDSA signature (r, s) brings along. */
export function malleableTwin(token: string): string {
  const { header, payload, signature } = splitToken(token)
  const bytes = Buffer.from(signature, 'base64url')
  const s = BigInt(`0x${bytes.toString('hex', 32)}`)
  const twin = Buffer.from((P256_ORDER - s).toString(16).padStart(64, '0'), 'hex')
  return `${header}.${payload}.${Buffer.concat([bytes.subarray(0, 32), twin]).toString('base64url')}`
}

/** Options of a verifier that accepts what {@link signToken} signs with the key. */
export function optionsFor(
  key: VerificationKey,
  changes: Partial<LocalVerifierOptions> = {},
): LocalVerifierOptions {
  return {
    issuer: ISSUER,
    audience: ISSUER,
    findKey: (kid) => (kid === key.kid ? key : undefined),
    clock: () => NOW_SECONDS * 1000,
    ...changes,
  }
}

export function outcomeOf(verification: Verification): string {
  return verification.ok ? 'accepted' : verification.reason
}
