/** RFC 4648 section 6: as authenticator apps read secrets. */
export const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** Section 7, in lower case: sorts as the bytes do. */
export const base32Hex = '0123456789abcdefghijklmnopqrstuv'

/** Without padding. */
export function encodeBase32(bytes: Uint8Array, alphabet: string): string {
  let text = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet[(held >>> bits) & 31] ?? ''
    }
    held &= (1 << bits) - 1
  }
  return bits > 0 ? text + (alphabet[(held << (5 - bits)) & 31] ?? '') : text
}
