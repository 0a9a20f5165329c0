import { timingSafeEqual } from 'node:crypto'
import type { MasterSecret, MasterSecrets } from '../foundation/master-secret.ts'

const purpose = 'csrf token'

/**
 * Bound to the session and not to a generation of its refresh token, or one tab's refresh would break the others.
 */
export function issueCsrfToken(secrets: MasterSecrets, sessionId: string): string {
  return compute(secrets.newest, sessionId)
}

/** Whether one of our secrets made this token for this session, in constant time. It has one spelling. */
export function isCsrfToken(
  secrets: MasterSecrets,
  sessionId: string,
  text: string | undefined,
): boolean {
  if (text === undefined) return false
  const presented = Buffer.from(text)
  return secrets.all.some((secret) => {
    const expected = Buffer.from(compute(secret, sessionId))
    return presented.length === expected.length && timingSafeEqual(presented, expected)
  })
}

function compute(secret: MasterSecret, sessionId: string): string {
  return secret.mac(purpose, sessionId)
}
