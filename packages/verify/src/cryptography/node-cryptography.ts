import {
  constants,
  createHmac,
  createPublicKey,
  createSecretKey,
  KeyObject,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import type { Cryptography } from './cryptography.ts'
import { toDerSignature } from './der-signature.ts'
import {
  checkJwk,
  chooseUsable,
  type NamedJwk,
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

/** Keys and signatures by node:crypto: at once, and several times faster than WebCrypto. */
export interface NodeCryptography extends Cryptography<KeyObject> {
  /** Answers at once. */
  isSignatureValid(
    key: VerificationKey<KeyObject>,
    signingInput: string,
    signature: Uint8Array,
  ): boolean
}

export const nodeCryptography: NodeCryptography = {
  isFit,
  isSignatureValid,
  importKey: importVerificationKey,
}

/**
 * Makes a verification key of a JWK. It needs `kid`, and `alg` to fit the key: ES256 on P-256,
 * EdDSA on Ed25519, RS256 and PS256 with at least 3072 bits, HS256 with at least 32 bytes.
 *
 * Throws a TypeError that names the mend for any other key, and for one with private members.
 */
export function importVerificationKey(jwk: VerificationJwk): VerificationKey<KeyObject> {
  const named = checkJwk(jwk)
  const { kid, algorithm, name } = named
  const key = createKey(named)
  const mismatch = findKeyMismatch(algorithm, key)
  if (mismatch !== undefined) throw new TypeError(`The JWK ${name} cannot be used: ${mismatch}.`)
  return { kid, algorithm, key }
}

/**
 * Makes a look-up of a JWK Set. Entries this package does not understand (another `kty`, `crv`,
 * `alg` or `use`, or without `kid` or `alg`) are ignored, as RFC 7517 §5 asks.
 *
 * Throws a TypeError when a `kid` stands twice, when an entry is understood but unfit (too short,
 * not on its curve, or with private or secret members), and when no usable key is left.
 */
export function importJwks(jwks: VerificationJwks): KeyLookup<KeyObject> {
  const keys = new Map(chooseUsable(jwks).map((jwk) => [jwk.kid, importVerificationKey(jwk)]))
  return (kid) => keys.get(kid)
}

function createKey({ algorithm, material, name }: NamedJwk): KeyObject {
  if (algorithm === 'HS256') return createSecretKey(material['k'] ?? '', 'base64url')
  try {
    return createPublicKey({ key: { ...material }, format: 'jwk' })
  } catch (cause) {
    const message = `The JWK ${name} is not a valid ${material['kty']} key: export it again.`
    throw new TypeError(message, { cause })
  }
}

/** The algorithm each key was found fit for: asking OpenSSL on every token costs too much. */
const fitFor = new WeakMap<KeyObject, Algorithm>()

/** Guards against look-ups that hand out, say, a public key as an HS256 secret (RFC 8725 §2.1). */
function isFit({ algorithm, key }: VerificationKey<KeyObject>): boolean {
  if (fitFor.get(key) === algorithm) return true
  if (!(key instanceof KeyObject) || findKeyMismatch(algorithm, key) !== undefined) return false
  fitFor.set(key, algorithm)
  return true
}

/** What is wrong with using this key for this algorithm; undefined when it fits. */
export function findKeyMismatch(algorithm: Algorithm, key: KeyObject): string | undefined {
  if (algorithm !== 'HS256' && key.type !== 'public') return `${algorithm} needs a public key`
  return findTraitMismatch(algorithm, traitsOf(key))
}

function traitsOf(key: KeyObject): KeyTraits {
  if (key.type === 'secret') return { kind: 'secret', bytes: key.symmetricKeySize ?? 0 }
  const { namedCurve, modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'ec':
      return { kind: namedCurve === 'prime256v1' ? 'P-256' : 'other' }
    case 'ed25519':
      return { kind: 'Ed25519' }
    case 'rsa':
      return { kind: 'RSA', bits: modulusLength, exponent: publicExponent }
    default:
      return { kind: 'other' }
  }
}

/** Whether the signature is the key's over the signing input (RFC 7515 §5.2). Never throws. */
export function isSignatureValid(
  { algorithm, key }: VerificationKey<KeyObject>,
  signingInput: string,
  signature: Uint8Array,
): boolean {
  try {
    return (
      hasSignatureShape(algorithm, signature, () => modulusOf(key)) &&
      isShapedSignatureValid(algorithm, key, Buffer.from(signingInput, 'latin1'), signature)
    )
  } catch {
    return false
  }
}

const moduli = new WeakMap<KeyObject, RsaModulus>()

function modulusOf(key: KeyObject): RsaModulus {
  let modulus = moduli.get(key)
  if (modulus === undefined) {
    const { n = '' } = key.export({ format: 'jwk' })
    modulus = {
      bits: key.asymmetricKeyDetails?.modulusLength ?? 0,
      number: Buffer.from(n, 'base64url'),
    }
    moduli.set(key, modulus)
  }
  return modulus
}

function isShapedSignatureValid(
  algorithm: Algorithm,
  key: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  switch (algorithm) {
    case 'HS256':
      return timingSafeEqual(createHmac('sha256', key).update(data).digest(), signature)
    case 'ES256':
      return verify('sha256', data, key, toDerSignature(signature))
    case 'EdDSA':
      return verify(undefined, data, key, signature)
    case 'RS256':
      return verify('sha256', data, key, signature)
    case 'PS256':
      return verify('sha256', data, pss(key), signature)
    default:
      return false
  }
}

/** RFC 7518 §3.5: MGF1 with the same hash, and a salt as long as the hash. */
function pss(key: KeyObject): { key: KeyObject; padding: number; saltLength: number } {
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SHA256_BYTES }
}
