import { decodeCanonicalBase64url } from '../encoding/base64url.ts'
import type { TokenFailure } from './token-failure.ts'

const DOT = 0x2e

/** The three parts of a JWS in compact serialisation (RFC 7515 §7.1), decoded but not yet trusted. */
export interface CompactToken {
  /** As it was sent. */
  headerText: string
  /** Undefined when it is the known one. */
  header: Uint8Array<ArrayBuffer> | undefined
  payload: Uint8Array<ArrayBuffer>
  signature: Uint8Array<ArrayBuffer>
  /** The text that the signature covers: the first two parts as they were sent. */
  signingInput: string
}

/**
 * Checks length and spelling, nothing of the meaning. The JSON serialisations are not accepted.
 * @param knownHeader the text of one that was decoded before
 */
export function splitCompactToken(
  token: string,
  maxLength: number,
  knownHeader?: string,
): CompactToken | TokenFailure {
  if (token.length > maxLength) return 'too_large'
  const headerEnd = token.indexOf('.')
  const payloadEnd = token.indexOf('.', headerEnd + 1)
  // Five parts would be a JWE, which must never pass for a JWS (RFC 8725 §3.3).
  if (headerEnd === -1 || payloadEnd === -1 || token.includes('.', payloadEnd + 1)) {
    return 'malformed'
  }

  const headerText = token.slice(0, headerEnd)
  const isKnown = headerText === knownHeader
  const header = isKnown ? undefined : decodeCanonicalBase64url(headerText)
  const payload = decodeCanonicalBase64url(token.slice(headerEnd + 1, payloadEnd))
  const signature = decodeCanonicalBase64url(token.slice(payloadEnd + 1))
  const isSpeltWell = isKnown || header !== undefined
  if (!isSpeltWell || payload === undefined || signature === undefined) return 'not_canonical'
  return { headerText, header, payload, signature, signingInput: token.slice(0, payloadEnd) }
}

/** Whether this is the token's first part. */
export function startsWithPart(token: string, headerText: string): boolean {
  return token.startsWith(headerText) && token.charCodeAt(headerText.length) === DOT
}

/** The payload of a token that was split before. */
export function payloadOf(token: string): Uint8Array {
  const start = token.indexOf('.') + 1
  return decodeCanonicalBase64url(token.slice(start, token.indexOf('.', start))) ?? new Uint8Array()
}
