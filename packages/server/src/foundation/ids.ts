import { createHash } from 'node:crypto'
import { base32Hex, encodeBase32 } from './base32.ts'
import type { Clock } from './clock.ts'
import type { Randomness } from './randomness.ts'

// Sorting as the bytes do keeps index inserts and paging in order of creation.
const alphabet = base32Hex
const idBytes = 16
const idPattern = /^[0-9a-v]{25}[048cgkos]$/

export type IdSource = () => string

/**
 * Ids of 128 bits in 26 characters: 48 bits of time, 80 random. They are names, not secrets: a session's id stands in
 * every access token.
 */
export function createIdSource(clock: Clock, randomness: Randomness): IdSource {
  return () => {
    const bytes = Buffer.allocUnsafe(idBytes)
    bytes.writeUIntBE(clock(), 0, 6)
    randomness(10).copy(bytes, 6)
    return encodeId(bytes)
  }
}

/**
 * The id of something that has one elsewhere: the same for the same name and time, and in order of time among the others.
 */
export function deriveId(time: number, name: string): string {
  const bytes = Buffer.alloc(idBytes)
  bytes.writeUIntBE(time, 0, 6)
  createHash('sha256').update(name).digest().copy(bytes, 6, 0, 10)
  return encodeId(bytes)
}

export function isId(text: string): boolean {
  return idPattern.test(text)
}

/** The 26 characters for 16 bytes. */
export function encodeId(bytes: Uint8Array): string {
  return encodeBase32(bytes, alphabet)
}

/** The 16 bytes of an id that `isId` accepts. */
export function decodeId(id: string): Buffer {
  const bytes = Buffer.allocUnsafe(idBytes)
  let buffer = 0
  let bits = 0
  let written = 0
  for (let i = 0; i < id.length && written < idBytes; i++) {
    buffer = (buffer << 5) | alphabet.indexOf(id.charAt(i))
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes[written++] = (buffer >> bits) & 255
      buffer &= (1 << bits) - 1
    }
  }
  return bytes
}
