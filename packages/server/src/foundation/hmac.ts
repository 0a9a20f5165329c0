import { hash } from 'node:crypto'

const blockBytes = 64

/** A message authentication code of 32 bytes. */
export type Mac = (message: Uint8Array) => Buffer

/**
 * HMAC-SHA-256 (RFC 2104) under one key, which is taken up once. A refresh computes four of messages of a few dozen
 * bytes, and Node's Hmac object costs twice as much for each.
 * @throws RangeError for a key of more than 64 bytes, which the RFC hashes first and nobody here has
 */
export function createMac(key: Uint8Array): Mac {
  if (key.length > blockBytes) throw new RangeError('The key has more than 64 bytes.')
  const inner = pad(key, 0x36)
  const outer = pad(key, 0x5c)
  return (message) => {
    const digest = hash('sha256', Buffer.concat([inner, message]), 'buffer')
    return hash('sha256', Buffer.concat([outer, digest]), 'buffer')
  }
}

function pad(key: Uint8Array, filler: number): Buffer {
  const block = Buffer.alloc(blockBytes, filler)
  for (const [index, byte] of key.entries()) block[index] = byte ^ filler
  return block
}
