import { timingSafeEqual } from 'node:crypto'
import { decodeId, encodeId } from '../foundation/ids.ts'
import type { MasterSecret, MasterSecrets } from '../foundation/master-secret.ts'
import type { Session } from './session.ts'

// A refresh token is 42 bytes in base64url: version (1), number of the master secret (2), session id (16),
// generation (7), MAC (16). The MAC covers all that precedes it and the session's salt, so a stolen database yields no
// token and neither does the master secret alone.
const version = 1
const numberAt = 1
const sessionAt = 3
const generationAt = 19
const macAt = 26
const macBytes = 16
const tokenBytes = macAt + macBytes
const tokenLength = 56
const purpose = 'refresh token'

export interface RefreshToken {
  readonly sessionId: string
  readonly generation: number
  /** Everything the MAC covers, the salt apart. */
  readonly signed: Buffer
  readonly mac: Buffer
}

/** Deterministic: the same session and generation always give the same token, which is what makes a retry safe. */
export function issueRefreshToken(
  secrets: MasterSecrets,
  session: Pick<Session, 'id' | 'salt'>,
  generation: number,
): string {
  const bytes = Buffer.alloc(tokenBytes)
  bytes.writeUInt8(version, 0)
  bytes.writeUInt16BE(secrets.newest.number, numberAt)
  decodeId(session.id).copy(bytes, sessionAt)
  writeGeneration(bytes, generation)
  computeMac(secrets.newest, bytes.subarray(0, macAt), session.salt).copy(bytes, macAt)
  return bytes.toString('base64url')
}

/** Reads a token without trusting it. A token has exactly one spelling; every other is undefined. */
export function parseRefreshToken(text: string): RefreshToken | undefined {
  if (text.length !== tokenLength) return undefined
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length !== tokenBytes || bytes.toString('base64url') !== text) return undefined
  if (bytes[0] !== version) return undefined
  const generation =
    bytes.readUIntBE(generationAt, 1) * 2 ** 48 + bytes.readUIntBE(generationAt + 1, 6)
  if (!Number.isSafeInteger(generation)) return undefined
  return {
    sessionId: encodeId(bytes.subarray(sessionAt, generationAt)),
    generation,
    signed: bytes.subarray(0, macAt),
    mac: bytes.subarray(macAt),
  }
}

/** Whether one of our secrets made this token for this session. Constant time in the MAC. */
export function isAuthentic(
  secrets: MasterSecrets,
  token: RefreshToken,
  session: Pick<Session, 'salt'>,
): boolean {
  return secrets
    .withNumber(token.signed.readUInt16BE(numberAt))
    .some((secret) => timingSafeEqual(computeMac(secret, token.signed, session.salt), token.mac))
}

function computeMac(secret: MasterSecret, signed: Buffer, salt: Uint8Array): Buffer {
  return Buffer.from(secret.mac(purpose, signed, salt), 'base64url').subarray(0, macBytes)
}

function writeGeneration(bytes: Buffer, generation: number): void {
  bytes.writeUInt8(Math.floor(generation / 2 ** 48), generationAt)
  bytes.writeUIntBE(generation % 2 ** 48, generationAt + 1, 6)
}
