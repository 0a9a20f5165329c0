import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'

/** The keys of the issuer that the vectors play. They are published: nothing may ever trust them. */
export type VectorAlgorithm = 'ES256' | 'EdDSA' | 'RS256' | 'PS256' | 'HS256'

/** A private key as it is kept in signing-keys.json. */
export interface KeptKey {
  readonly kid: string
  readonly alg: VectorAlgorithm
  /** A private JWK; for HS256 the secret as text. */
  readonly jwk?: object
  readonly secret?: string
}

export interface VectorKey {
  readonly kid: string
  readonly alg: VectorAlgorithm
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export function openKey({ kid, alg, jwk, secret }: KeptKey): VectorKey {
  if (secret !== undefined) {
    const key = createSecretKey(secret, 'utf8')
    return { kid, alg, privateKey: key, publicKey: key }
  }
  const privateKey = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
  return { kid, alg, privateKey, publicKey: createPublicKey(privateKey) }
}

/** Only for the first time: afterwards the keys stay, or every token would change. */
export function makeKeys(): readonly KeptKey[] {
  const rsa = (): object => jwkOf(generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey)
  const p256 = (): object => jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  return [
    { kid: 'es-1', alg: 'ES256', jwk: p256() },
    { kid: 'ed-1', alg: 'EdDSA', jwk: jwkOf(generateKeyPairSync('ed25519').privateKey) },
    { kid: 'rs-1', alg: 'RS256', jwk: rsa() },
    { kid: 'ps-1', alg: 'PS256', jwk: rsa() },
    { kid: 'hs-1', alg: 'HS256', secret: 'a secret of the vectors, 32 bytes or more' },
    { kid: 'stranger', alg: 'ES256', jwk: p256() },
  ]
}

function jwkOf(key: KeyObject): object {
  return key.export({ format: 'jwk' })
}

export function toPublicJwk({ kid, alg, publicKey }: VectorKey): Record<string, unknown> {
  return { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' }
}

/** Signs what the key signs, or what another algorithm would make of it. */
export function signWith({ privateKey: key }: VectorKey, alg: string, text: string): Buffer {
  const data = Buffer.from(text)
  switch (alg) {
    case 'ES256':
      return sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' })
    case 'EdDSA':
      return sign(null, data, key)
    case 'RS256':
      return sign('sha256', data, key)
    case 'PS256':
      return sign('sha256', data, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: 32,
      })
    case 'HS256':
      return createHmac('sha256', key).update(data).digest()
    default:
      throw new TypeError(`Nothing signs with ${alg}.`)
  }
}

/** Whether an earlier signature is still the key's over the text: ECDSA and PSS never make the same one twice. */
export function stillSigns(
  { publicKey: key }: VectorKey,
  alg: string,
  text: string,
  signature: Buffer,
): boolean {
  const data = Buffer.from(text)
  try {
    switch (alg) {
      case 'ES256':
        return verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature)
      case 'PS256':
        return verify(
          'sha256',
          data,
          { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
          signature,
        )
      default:
        return false
    }
  } catch {
    return false
  }
}
