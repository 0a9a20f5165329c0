import { createHash, timingSafeEqual } from 'node:crypto'
import type { Randomness } from '../foundation/randomness.ts'

// Crockford's alphabet: no I, L, O or U, so that nothing is misread.
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const misread: Readonly<Record<string, string>> = { I: '1', L: '1', O: '0' }
const codeLength = 24
const groupLength = 4

/** How many codes a set has. */
export const recoveryCodesInSet = 10

/**
 * One code: 120 random bits, in groups. With more than 112 a plain hash of it gives nothing away (OWASP ASVS 6.5.2), so
 * that a check costs no password hash, and none is bound to the master secret.
 */
export function drawRecoveryCode(randomness: Randomness): string {
  const drawn = [...randomness(codeLength)].map((byte) => alphabet[byte % alphabet.length])
  const groups = Array.from({ length: codeLength / groupLength }, (_, group) =>
    drawn.slice(group * groupLength, (group + 1) * groupLength).join(''),
  )
  return groups.join('-')
}

/** What is kept of a code, however it was typed. It is bound to the account. */
export function hashRecoveryCode(userId: string, code: string): string {
  const typed = code.toUpperCase().replace(/[\s\-–—]/g, '')
  const canonical = typed.replace(/[ILO]/g, (letter) => misread[letter] ?? letter)
  return createHash('sha256')
    .update(JSON.stringify(['recovery code', userId, canonical]))
    .digest('base64url')
}

/** The secret of a set: the hashes of the codes that are left. */
export function writeRecoverySet(hashes: readonly string[]): string {
  return JSON.stringify(hashes)
}

export function readRecoverySet(secret: string): readonly string[] {
  const read: unknown = JSON.parse(secret)
  return Array.isArray(read) ? read.filter((hash) => typeof hash === 'string') : []
}

/** The set without this code; undefined when the code is none of it. */
export function takeRecoveryCode(
  hashes: readonly string[],
  hash: string,
): readonly string[] | undefined {
  const sought = Buffer.from(hash)
  const left = hashes.filter((kept) => {
    const bytes = Buffer.from(kept)
    return bytes.length !== sought.length || !timingSafeEqual(bytes, sought)
  })
  return left.length < hashes.length ? left : undefined
}
