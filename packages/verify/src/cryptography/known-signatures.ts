import { hash, type KeyObject } from 'node:crypto'
import type { Cryptography, KnownSignatures } from './cryptography.ts'
import { createRecentDigests, type Digest } from './recent-digests.ts'

/** Half a gigabyte of them. */
const MOST_TOKENS = 10_000_000

/** The same cryptography, which remembers up to `size` good tokens. Throws a TypeError when that is no number. */
export function withKnownSignatures<C extends Cryptography<KeyObject>>(
  cryptography: C,
  size: number = 0,
): C & Pick<Cryptography<KeyObject>, 'knownSignatures'> {
  if (!(Number.isSafeInteger(size) && size >= 0 && size <= MOST_TOKENS)) {
    const range = `from 0 (none) to ${MOST_TOKENS}`
    throw new TypeError(`Set "signatureCacheSize" to a whole number of tokens ${range}.`)
  }
  return size === 0 ? cryptography : { ...cryptography, knownSignatures: rememberSignatures(size) }
}

/**
 * Remembers up to `size` tokens by the SHA-256 of key and text, 42 to 84 bytes each. To be taken for a remembered one, a
 * forged token would have to collide with it under SHA-256.
 */
export function rememberSignatures(size: number): KnownSignatures<KeyObject> {
  const numbers = new WeakMap<KeyObject, number>()
  const known = createRecentDigests(size)
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
  // As text, and put where the last one stood: a buffer for each would take longer than to hash.
  const bytes = Buffer.alloc(32)
  const digest = new Int32Array(bytes.buffer, bytes.byteOffset, 8)
  const digestOf: (...of: Parameters<KnownSignatures<KeyObject>['has']>) => Digest = (
    { key, algorithm },
    token,
  ) => {
    bytes.write(hash('sha256', `${algorithm} ${numberOf(key)} ${token}`, 'latin1'), 'latin1')
    return digest
  }
  return {
    has: (key, token) => known.has(digestOf(key, token)),
    add: (key, token) => known.add(digestOf(key, token)),
  }
}
