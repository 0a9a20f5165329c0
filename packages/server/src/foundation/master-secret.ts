// The master secret: the one value from which every other key is derived (HKDF, RFC 5869). Several may be given, newest
// first: the newest is used, the older ones still open what they sealed and still recognise the tokens they signed.

import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { createMac, type Mac, type MacMessage } from './hmac.ts'
import type { Randomness } from './randomness.ts'

export const minimumSecretLength = 32

export interface MasterSecret {
  /** Public name of this secret, derived from it; it stands in what the secret protects. */
  readonly number: number
  /** A 256-bit key for one purpose. The same purpose always gives the same key. */
  deriveKey(purpose: string): Buffer
  /** HMAC-SHA-256 under that key, in base64url. */
  mac(purpose: string, ...message: MacMessage): string
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
  const macs = new Map<string, Mac>()
  const mac = (purpose: string, ...message: MacMessage): string => {
    let known = macs.get(purpose)
    if (known === undefined) {
      known = createMac(deriveKey(purpose))
      macs.set(purpose, known)
    }
    return known(...message)
  }
  return { number: deriveKey('number').readUInt16BE(0), deriveKey, mac }
}

// Sealed: version (1), number of the master secret (2), IV (12), tag (16), ciphertext. The tag covers the first two.
const version = 1
const headerBytes = 3
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
  const header = Buffer.alloc(headerBytes)
  header.writeUInt8(version, 0)
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
  for (const secret of secrets.withNumber(numberOf(bytes))) {
    const plaintext = openWith(secret, purpose, bytes)
    if (plaintext !== undefined) return plaintext
  }
  return undefined
}

/** Whether the newest secret sealed this, whatever number it goes by; anything else is resealed at start. */
export function isSealedByNewest(secrets: MasterSecrets, purpose: string, sealed: string): boolean {
  const bytes = Buffer.from(sealed, 'base64url')
  const { newest } = secrets
  return numberOf(bytes) === newest.number && openWith(newest, purpose, bytes) !== undefined
}

/** The number of the secret that sealed this; -1, which none has, when it is too short to be sealed at all. */
function numberOf(bytes: Buffer): number {
  if (bytes.length < headerBytes + ivBytes + tagBytes || bytes[0] !== version) return -1
  return bytes.readUInt16BE(1)
}

function openWith(secret: MasterSecret, purpose: string, bytes: Buffer): Buffer | undefined {
  const tagAt = headerBytes + ivBytes
  const bodyAt = tagAt + tagBytes
  const iv = bytes.subarray(headerBytes, tagAt)
  const decipher = createDecipheriv('aes-256-gcm', secret.deriveKey(`seal ${purpose}`), iv)
  decipher.setAAD(bytes.subarray(0, headerBytes))
  decipher.setAuthTag(bytes.subarray(tagAt, bodyAt))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(bodyAt)), decipher.final()])
  } catch {
    return undefined
  }
}
