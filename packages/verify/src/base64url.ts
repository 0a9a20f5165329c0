/**
 * Decodes base64url that has exactly one spelling: RFC 4648 §5 without padding, and with the
 * unused bits of the last character zero (§3.5). Undefined for anything else. Node's decoder
 * forgives all of that, so the decoded bytes must give the same text again.
 */
export function decodeCanonicalBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}
