// The master secret: the one value from which every other key is derived (HKDF, RFC 5869). Several may be given, newest
// first: the newest is used, the older ones still open what they sealed and still recognise the tokens they signed.

import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { Randomness } from './randomness.ts'

export const minimumSecretLength = 32

export interface MasterSecret {
  /** Public name of this secret, derived from it; it stands in what the secret protects. */
  readonly number: number
  /** A 256-bit key for one purpose. The same purpose always gives the same key. */
  deriveKey(purpose: string): Buffer
}

export interface MasterSecrets {
  readonly newest: MasterSecret
  /** Newest first. */
  readonly all: readonly MasterSecret[]
  /** Every secret that goes by this number, newest first: two secrets may share one. */
  withNumber(number: number): readonly MasterSecret[]
}

/**
 * @param secrets newest first, each at least 32 characters
 * @throws when none is given or one is too short
 */
export function createMasterSecrets(secrets: readonly string[]): MasterSecrets {
  const all = secrets.map(createMasterSecret)
  const [newest] = all
  if (newest === undefined) {
    throw new Error('No master secret: set COUNTERSIGN_SECRET to at least 32 random characters.')
  }
  return { newest, all, withNumber: (number) => all.filter((secret) => secret.number === number) }
}

function createMasterSecret(secret: string): MasterSecret {
  if (secret.length < minimumSecretLength) {
    throw new Error(
      `The master secret has ${secret.length} characters; give it at least ${minimumSecretLength} random ones.`,
    )
  }
  const derived = new Map<string, Buffer>()
  const deriveKey = (purpose: string): Buffer => {
    let key = derived.get(purpose)
    if (key === undefined) {
      key = Buffer.from(hkdfSync('sha256', secret, 'countersign', purpose, 32))
      derived.set(purpose, key)
    }
    return key
  }
  return { number: deriveKey('number').readUInt16BE(0), deriveKey }
}

const ivBytes = 12
const tagBytes = 16

/**
 * Encrypts and authenticates under the newest secret (AES-256-GCM). The purpose separates keys and is authenticated:
 * what was sealed for one purpose opens for no other.
 */
export function seal(
  secrets: MasterSecrets,
  purpose: string,
  plaintext: Uint8Array,
  randomness: Randomness,
): string {
  const header = Buffer.alloc(3)
  header.writeUInt8(1, 0)
  header.writeUInt16BE(secrets.newest.number, 1)
  const iv = randomness(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', secrets.newest.deriveKey(`seal ${purpose}`), iv)
  cipher.setAAD(header)
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([header, iv, cipher.getAuthTag(), sealed]).toString('base64url')
}

/** The plaintext, or undefined when no known secret sealed this or it was altered: callers cannot tell which. */
export function open(secrets: MasterSecrets, purpose: string, sealed: string): Buffer | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < 3 + ivBytes + tagBytes || bytes[0] !== 1) return undefined
  for (const secret of secrets.withNumber(bytes.readUInt16BE(1))) {
    const iv = bytes.subarray(3, 3 + ivBytes)
    const decipher = createDecipheriv('aes-256-gcm', secret.deriveKey(`seal ${purpose}`), iv)
    decipher.setAAD(bytes.subarray(0, 3))
    decipher.setAuthTag(bytes.subarray(3 + ivBytes, 3 + ivBytes + tagBytes))
    try {
      const body = bytes.subarray(3 + ivBytes + tagBytes)
      return Buffer.concat([decipher.update(body), decipher.final()])
    } catch {
      continue
    }
  }
  return undefined
}

/** Whether the newest secret sealed this; anything else is resealed at start. */
export function isSealedByNewest(secrets: MasterSecrets, sealed: string): boolean {
  const bytes = Buffer.from(sealed, 'base64url')
  return bytes.length > 3 && bytes.readUInt16BE(1) === secrets.newest.number
}
