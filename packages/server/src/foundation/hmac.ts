import { hash } from 'node:crypto'

const blockBytes = 64
const digestBytes = 32
const usualMessageBytes = 192

/** Text is taken in UTF-8. Nothing stands between the parts: all but the last need a length that is known. */
export type MacMessage = readonly (Uint8Array | string)[]

/** A message authentication code of 32 bytes, in base64url. */
export type Mac = (...parts: MacMessage) => string

/**
 * HMAC-SHA-256 (RFC 2104) under one key, which is taken up once. A refresh computes four of messages of a few dozen
 * bytes, and Node's Hmac object costs four times as much for each. Most of what is left would be the making of buffers:
 * so the two blocks that are hashed stay where they are, and digests come as text, which V8 makes for next to nothing.
 * @throws RangeError for a key of more than 64 bytes, which the RFC hashes first and nobody here has
 */
export function createMac(key: Uint8Array): Mac {
  if (key.length > blockBytes) throw new RangeError('The key has more than 64 bytes.')
  const usualInner = padded(key, 0x36, usualMessageBytes)
  const outer = padded(key, 0x5c, digestBytes)
  return (...parts) => {
    const message = parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))
    const length = message.reduce((sum, part) => sum + part.length, 0)
    const inner = length <= usualMessageBytes ? usualInner : padded(key, 0x36, length)
    let at = blockBytes
    for (const part of message) {
      inner.set(part, at)
      at += part.length
    }
    const digest = hash('sha256', inner.subarray(0, at), 'latin1')
    outer.write(digest, blockBytes, 'latin1')
    return hash('sha256', outer, 'base64url')
  }
}

/** The key's block, and room for what is hashed after it. */
function padded(key: Uint8Array, filler: number, room: number): Buffer {
  const block = Buffer.alloc(blockBytes + room, filler)
  for (const [index, byte] of key.entries()) block[index] = byte ^ filler
  return block
}
