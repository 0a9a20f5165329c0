import type { Account } from '../accounts/account.ts'
import type { DeviceCookies } from '../credentials/device-cookie.ts'
import {
  type AccessAnswer,
  type CredentialParts,
  issueAccess,
} from '../credentials/token-answer.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { SessionStore } from '../sessions/store.ts'

export interface KeepSessionParts {
  readonly sessions: Pick<SessionStore, 'liftSession' | 'findSessionWithAccount'>
  readonly credentials: CredentialParts
  readonly devices: DeviceCookies
}

export interface KeptSession {
  readonly access: AccessAnswer
  /** The device’s, where it was known to the account before. */
  readonly cookies: readonly string[]
}

/**
 * Lifts the session that asked over the end of all the others: its refresh token stays good, its access token, which is
 * dead like every other, gets a successor, and its device stays known.
 * @param raised the account right after its epochs were raised, by this session's own act; `before` as it was until then
 * @returns undefined when the session has ended meanwhile, alone or with an epoch that was raised before
 */
export async function keepSession(
  { sessions, credentials, devices }: KeepSessionParts,
  { before, raised, sessionId }: { before: Account; raised: Account; sessionId: string },
  context: RequestContext,
): Promise<KeptSession | undefined> {
  const epoch = { from: before.sessionEpoch, to: raised.sessionEpoch }
  if (!(await sessions.liftSession(sessionId, epoch))) return undefined
  const found = await sessions.findSessionWithAccount(sessionId)
  if (found === undefined) return undefined
  const isKnown = devices.recognize(context.source, before) !== undefined
  return {
    access: await issueAccess(credentials, raised, found.session),
    cookies: isKnown ? [devices.remember(context.source, raised)] : [],
  }
}
