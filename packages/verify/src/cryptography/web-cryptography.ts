import { decodeCanonicalBase64url } from '../encoding/base64url.ts'
import type { Cryptography } from './cryptography.ts'
import {
  checkJwk,
  chooseUsable,
  importSupported,
  type NamedJwk,
  UnsupportedKey,
  type VerificationJwk,
  type VerificationJwks,
} from './jwk.ts'
import {
  type Algorithm,
  findTraitMismatch,
  type KeyLookup,
  type KeyTraits,
  type VerificationKey,
} from './keys.ts'
import { hasSignatureShape, type RsaModulus } from './signature-shape.ts'

const SHA256_BYTES = 32

/** Keys and signatures by WebCrypto, which every runtime has. */
export const webCryptography: Cryptography<CryptoKey> = {
  isFit,
  isSignatureValid,
  importKey: importVerificationKey,
}

/**
 * Makes a verification key of a JWK. It needs `kid`, and `alg` to fit the key: ES256 on P-256,
 * EdDSA on Ed25519, RS256 and PS256 with at least 3072 bits, HS256 with at least 32 bytes.
 *
 * Rejects with a TypeError that names the mend for any other key, and for one with private members.
 */
export async function importVerificationKey(
  jwk: VerificationJwk,
): Promise<VerificationKey<CryptoKey>> {
  const named = checkJwk(jwk)
  const { kid, algorithm, name } = named
  const key = await createKey(named)
  const mismatch = findTraitMismatch(algorithm, traitsOf(key))
  if (mismatch !== undefined) throw new TypeError(`The JWK ${name} cannot be used: ${mismatch}.`)
  return { kid, algorithm, key }
}

/**
 * Makes a look-up of a JWK Set. Entries this package does not understand (another `kty`, `crv`,
 * `alg` or `use`, or without `kid` or `alg`) or the platform has no means for are ignored, as RFC 7517 §5 asks.
 *
 * Rejects with a TypeError when a `kid` stands twice, when an entry is understood but unfit (too
 * short, not on its curve, or with private or secret members), and when no usable key is left.
 */
export async function importJwks(jwks: VerificationJwks): Promise<KeyLookup<CryptoKey>> {
  const imported = await importSupported(chooseUsable(jwks), importVerificationKey)
  const keys = new Map(imported.map((key) => [key.kid, key]))
  return (kid) => keys.get(kid)
}

async function createKey({ algorithm, material, name }: NamedJwk): Promise<CryptoKey> {
  const parameters = importParameters(algorithm)
  try {
    return algorithm === 'HS256'
      ? await crypto.subtle.importKey('raw', secretOf(material), parameters, false, ['verify'])
      : await crypto.subtle.importKey('jwk', { ...material }, parameters, true, ['verify'])
  } catch (cause) {
    // Browsers before 2025 have no Ed25519.
    if (cause instanceof DOMException && cause.name === 'NotSupportedError') {
      throw new UnsupportedKey(
        `The JWK ${name} cannot be used: this platform has no ${algorithm}.`,
        { cause },
      )
    }
    const message = `The JWK ${name} is not a valid ${material['kty']} key: export it again.`
    throw new TypeError(message, { cause })
  }
}

function secretOf(material: NamedJwk['material']): Uint8Array<ArrayBuffer> {
  return decodeCanonicalBase64url(material['k'] ?? '') ?? new Uint8Array()
}

function importParameters(algorithm: Algorithm) {
  switch (algorithm) {
    case 'HS256':
      return { name: 'HMAC', hash: 'SHA-256' }
    case 'ES256':
      return { name: 'ECDSA', namedCurve: 'P-256' }
    case 'EdDSA':
      return { name: 'Ed25519' }
    case 'RS256':
      return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
    case 'PS256':
      return { name: 'RSA-PSS', hash: 'SHA-256' }
    default:
      throw new TypeError('There is no such algorithm.')
  }
}

/** The algorithm each key was found fit for. */
const fitFor = new WeakMap<CryptoKey, Algorithm>()

/** Guards against look-ups that hand out, say, a public key as an HS256 secret (RFC 8725 §2.1). */
function isFit({ algorithm, key }: VerificationKey<CryptoKey>): boolean {
  if (fitFor.get(key) === algorithm) return true
  const isUsable = key instanceof CryptoKey && key.usages.includes('verify')
  if (!isUsable || findTraitMismatch(algorithm, traitsOf(key)) !== undefined) return false
  if (!isBoundTo(algorithm, key)) return false
  fitFor.set(key, algorithm)
  return true
}

/** A CryptoKey is made for one scheme, and RSA keys of both schemes have the same traits. */
function isBoundTo(algorithm: Algorithm, key: CryptoKey): boolean {
  return key.algorithm.name === importParameters(algorithm).name
}

/** The members of `CryptoKey.algorithm`, which differ by its name (Web Cryptography §18.4, §20 to §29). */
interface KeyAlgorithm {
  name: string
  namedCurve?: string
  length?: number
  modulusLength?: number
  publicExponent?: Uint8Array
  hash?: { name: string }
}

function traitsOf(key: CryptoKey): KeyTraits {
  const algorithm: KeyAlgorithm = key.algorithm
  const isSha256 = algorithm.hash === undefined || algorithm.hash.name === 'SHA-256'
  if (!isSha256 || (key.type !== 'public' && algorithm.name !== 'HMAC')) return { kind: 'other' }
  switch (algorithm.name) {
    case 'HMAC':
      return { kind: 'secret', bytes: (algorithm.length ?? 0) / 8 }
    case 'ECDSA':
      return { kind: algorithm.namedCurve === 'P-256' ? 'P-256' : 'other' }
    case 'Ed25519':
      return { kind: 'Ed25519' }
    case 'RSASSA-PKCS1-v1_5':
    case 'RSA-PSS':
      return {
        kind: 'RSA',
        bits: algorithm.modulusLength ?? 0,
        exponent: toBigInt(algorithm.publicExponent),
      }
    default:
      return { kind: 'other' }
  }
}

function toBigInt(bytes: Uint8Array = new Uint8Array()): bigint {
  return bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n)
}

/** Whether the signature is the key's over the signing input (RFC 7515 §5.2). Never rejects. */
export async function isSignatureValid(
  { algorithm, key }: VerificationKey<CryptoKey>,
  signingInput: string,
  signature: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  try {
    const { modulusLength: bits }: KeyAlgorithm = key.algorithm
    const modulus = bits === undefined ? noModulus : await modulusOf(key, bits)
    if (!hasSignatureShape(algorithm, signature, () => modulus)) return false
    const data = new TextEncoder().encode(signingInput)
    return await crypto.subtle.verify(verifyParameters(algorithm), key, signature, data)
  } catch {
    return false
  }
}

const noModulus: RsaModulus = { bits: 0, number: undefined }
const moduli = new WeakMap<CryptoKey, RsaModulus>()

/** A key that the host made itself may be one that does not tell its number. */
async function modulusOf(key: CryptoKey, bits: number): Promise<RsaModulus> {
  let modulus = moduli.get(key)
  if (modulus === undefined) {
    const { n = '' } = key.extractable ? await crypto.subtle.exportKey('jwk', key) : {}
    modulus = { bits, number: n === '' ? undefined : decodeCanonicalBase64url(n) }
    moduli.set(key, modulus)
  }
  return modulus
}

function verifyParameters(algorithm: Algorithm) {
  switch (algorithm) {
    case 'ES256':
      return { name: 'ECDSA', hash: 'SHA-256' }
    case 'PS256':
      return { name: 'RSA-PSS', saltLength: SHA256_BYTES }
    default:
      return importParameters(algorithm)
  }
}
