import { parseJsonObject } from '../encoding/json-object.ts'
import type { TokenFailure } from './token-failure.ts'

/** What the verifier takes from a header: which key to look up and what to hold it against. */
export interface ProtectedHeader {
  kid: string
  alg: string
}

const MAX_KID_LENGTH = 256

/** Each would change how the token has to be read, and none is supported (RFC 7515 §4.1.11, RFC 7797). */
const REFUSED_MEMBERS = ['crit', 'zip', 'b64']

/**
 * Reads `typ`, `kid` and `alg`. Keys and addresses inside the header (`jwk`, `jku`, `x5c`, `x5u`)
 * are never looked at: a token does not say by which key it wants to be believed (RFC 8725 §3.10).
 */
export function checkProtectedHeader(
  bytes: Uint8Array,
  types: ReadonlySet<unknown>,
): ProtectedHeader | TokenFailure {
  const header = parseJsonObject(bytes)
  if (header === undefined) return 'invalid_json'
  if (!types.has(header['typ'])) return 'wrong_type'
  if (REFUSED_MEMBERS.some((name) => Object.hasOwn(header, name))) return 'unsupported_header'

  const { kid, alg } = header
  if (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID_LENGTH) return 'unknown_key'
  if (typeof alg !== 'string') return 'wrong_algorithm'
  return { kid, alg }
}
