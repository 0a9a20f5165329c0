const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const NO_DIGIT = 64

const digits = new Uint8Array(256).fill(NO_DIGIT)
for (let value = 0; value < ALPHABET.length; value++) digits[ALPHABET.charCodeAt(value)] = value

/** Only Node and what follows it have one. */
const { Buffer: NodeBuffer } = globalThis as { Buffer?: typeof Buffer }

/**
 * Decodes base64url that has exactly one spelling: RFC 4648 §5 without padding, and with the
 * unused bits of the last character zero (§3.5). Undefined for anything else.
 */
export const decodeCanonicalBase64url: (text: string) => Uint8Array<ArrayBuffer> | undefined =
  NodeBuffer === undefined ? decodeByTable : (text) => decodeByBuffer(text, NodeBuffer)

/**
 * Node's decoder forgives, so what it could have forgiven is looked for: it skips what it does not know, which shows in
 * the length, reads "+" and "/" as well, and may take a character beyond ASCII for another. To look at each character,
 * or to encode again and compare, would do, too, but takes longer.
 */
function decodeByBuffer(
  text: string,
  NodeBuffer: typeof Buffer,
): Uint8Array<ArrayBuffer> | undefined {
  if (!hasOneEnd(text) || text.includes('+') || text.includes('/')) return undefined
  const isAscii = NodeBuffer.byteLength(text) === text.length
  if (!isAscii) return undefined
  const bytes = NodeBuffer.from(text, 'base64url')
  return bytes.length === Math.floor((text.length * 3) / 4) ? bytes : undefined
}

/** Whether a text of the alphabet ends as the encoder ends it: a whole byte, and the unused bits zero. */
function hasOneEnd(text: string): boolean {
  const last = text.length - 1
  switch (text.length % 4) {
    case 0:
      return true
    case 2:
      return (digitAt(text, last) & 0b1111) === 0
    case 3:
      return (digitAt(text, last) & 0b11) === 0
    default:
      return false
  }
}

/** For everywhere else. The decoders that platforms bring along forgive, each in its own way. */
export function decodeByTable(text: string): Uint8Array<ArrayBuffer> | undefined {
  const rest = text.length % 4
  if (rest === 1) return undefined
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  const whole = text.length - rest
  let to = 0
  for (let at = 0; at < whole; at += 4) {
    const a = digitAt(text, at)
    const b = digitAt(text, at + 1)
    const c = digitAt(text, at + 2)
    const d = digitAt(text, at + 3)
    if ((a | b | c | d) >= NO_DIGIT) return undefined
    bytes[to++] = (a << 2) | (b >> 4)
    bytes[to++] = (b << 4) | (c >> 2)
    bytes[to++] = (c << 6) | d
  }
  if (rest === 0) return bytes

  const a = digitAt(text, whole)
  const b = digitAt(text, whole + 1)
  const c = rest === 3 ? digitAt(text, whole + 2) : 0
  if ((a | b | c) >= NO_DIGIT) return undefined
  const unused = rest === 3 ? c & 0b11 : b & 0b1111
  if (unused !== 0) return undefined
  bytes[to++] = (a << 2) | (b >> 4)
  if (rest === 3) bytes[to] = (b << 4) | (c >> 2)
  return bytes
}

/** The value of a character, or 64 for one that is not of the alphabet. */
function digitAt(text: string, at: number): number {
  return digits[text.charCodeAt(at)] ?? NO_DIGIT
}
