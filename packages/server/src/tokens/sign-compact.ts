import { constants, createHmac, sign } from 'node:crypto'
import type { SigningKey } from '../keys/signing-key.ts'
import { toJoseSignature } from './jose-signature.ts'

// A key signs thousands of tokens of one kind; its header is written once.
const headers = new WeakMap<SigningKey, Map<string, string>>()

/** A compact JWS (RFC 7515 section 7.1) of this kind (`typ`), signed at once on this thread. */
export function signCompact(typ: string, payload: object, key: SigningKey): string {
  const signed = `${headerOf(typ, key)}.${encode(payload)}`
  return `${signed}.${signatureOf(key, signed)}`
}

function headerOf(typ: string, key: SigningKey): string {
  const known = headers.get(key) ?? new Map<string, string>()
  const header = known.get(typ) ?? encode({ alg: key.algorithm, typ, kid: key.kid })
  headers.set(key, known.set(typ, header))
  return header
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function signatureOf(key: SigningKey, text: string): string {
  const data = Buffer.from(text)
  const { privateKey } = key
  switch (key.algorithm) {
    case 'ES256':
      return toJoseSignature(sign('sha256', data, privateKey)).toString('base64url')
    case 'EdDSA':
      return sign(null, data, privateKey).toString('base64url')
    case 'RS256':
      return sign('sha256', data, privateKey).toString('base64url')
    case 'PS256':
      return sign('sha256', data, {
        key: privateKey,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      }).toString('base64url')
    case 'HS256':
      return createHmac('sha256', privateKey).update(data).digest('base64url')
  }
}
