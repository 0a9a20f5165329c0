import { timingSafeEqual } from 'node:crypto'
import type { MasterSecret, MasterSecrets } from '../foundation/master-secret.ts'

const purpose = 'csrf token'

/**
 * Bound to the session and not to a generation of its refresh token, or one tab's refresh would break the others.
 */
export function issueCsrfToken(secrets: MasterSecrets, sessionId: string): string {
  return compute(secrets.newest, sessionId).toString('base64url')
}

/** Whether one of our secrets made this token for this session, in constant time. It has one spelling. */
export function isCsrfToken(
  secrets: MasterSecrets,
  sessionId: string,
  text: string | undefined,
): boolean {
  if (text === undefined) return false
  const presented = Buffer.from(text, 'base64url')
  if (presented.toString('base64url') !== text) return false
  return secrets.all.some((secret) => {
    const expected = compute(secret, sessionId)
    return presented.length === expected.length && timingSafeEqual(presented, expected)
  })
}

function compute(secret: MasterSecret, sessionId: string): Buffer {
  return secret.mac(purpose, Buffer.from(sessionId))
}
