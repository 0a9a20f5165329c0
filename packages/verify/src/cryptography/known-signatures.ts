import { hash, type KeyObject } from 'node:crypto'
import type { VerificationKey } from './keys.ts'

/** Whether a signature is the key's over a text. */
export type SignatureCheck = (
  key: VerificationKey<KeyObject>,
  signingInput: string,
  signature: Uint8Array,
) => boolean

/** The same cryptography, which remembers up to `size` good signatures. Throws a TypeError when that is no number. */
export function withKnownSignatures<C extends { readonly isSignatureValid: SignatureCheck }>(
  cryptography: C,
  size: number = 0,
): C {
  if (!(Number.isSafeInteger(size) && size >= 0)) {
    throw new TypeError('Set "signatureCacheSize" to a whole number of tokens, 0 for none.')
  }
  if (size === 0) return cryptography
  const check: SignatureCheck = (key, text, signature) =>
    cryptography.isSignatureValid(key, text, signature)
  return { ...cryptography, isSignatureValid: rememberSignatures(check, size) }
}

/**
 * Remembers up to `size` good signatures by the SHA-256 of key, text and signature, about 90 bytes each: a token that
 * comes again is read and checked again, and only its signature is not computed again. To be taken for a remembered one,
 * a forged token would have to collide with it under SHA-256.
 */
export function rememberSignatures(check: SignatureCheck, size: number): SignatureCheck {
  const numbers = new WeakMap<KeyObject, number>()
  const known = createRecentTexts(size)
  let keys = 0

  // Another object in a key's place has another number, so what the old one signed is checked anew.
  const numberOf = (key: KeyObject): number => {
    let number = numbers.get(key)
    if (number === undefined) {
      number = keys++
      numbers.set(key, number)
    }
    return number
  }
  return (verificationKey, signingInput, signature) => {
    const { key, algorithm } = verificationKey
    const encoded = Buffer.from(signature).toString('base64url')
    const text = `${algorithm} ${numberOf(key)} ${signingInput}.${encoded}`
    const digest = hash('sha256', text, 'binary')
    if (known.has(digest)) return true
    const isValid = check(verificationKey, signingInput, signature)
    if (isValid) known.add(digest)
    return isValid
  }
}

/**
 * The last texts that were asked for, at least half of `size` and at most all. Two sets, of which the older is thrown
 * away as a whole: nothing has to be found and deleted one by one.
 */
function createRecentTexts(size: number): { has(text: string): boolean; add(text: string): void } {
  const half = Math.ceil(size / 2)
  let newer = new Set<string>()
  let older = new Set<string>()
  const add = (text: string): void => {
    if (newer.size >= half) {
      older = newer
      newer = new Set()
    }
    newer.add(text)
  }
  return {
    add,
    has: (text) => {
      if (newer.has(text)) return true
      if (!older.has(text)) return false
      add(text)
      return true
    },
  }
}
