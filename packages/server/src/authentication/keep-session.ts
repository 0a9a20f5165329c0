import type { Account } from '../accounts/account.ts'
import {
  type AccessAnswer,
  type CredentialParts,
  issueAccess,
} from '../credentials/token-answer.ts'
import type { SessionStore } from '../sessions/store.ts'

export interface KeepSessionParts {
  readonly sessions: Pick<SessionStore, 'liftSession' | 'findSessionWithAccount'>
  readonly credentials: CredentialParts
}

/**
 * Lifts the session that asked over the end of all the others: its refresh token stays good, and its access token, which
 * is dead like every other, gets a successor.
 * @param raised the account right after its epochs were raised, by this session's own act
 * @returns undefined when the session has ended meanwhile
 */
export async function keepSession(
  { sessions, credentials }: KeepSessionParts,
  raised: Account,
  sessionId: string,
): Promise<AccessAnswer | undefined> {
  if (!(await sessions.liftSession(sessionId, raised.sessionEpoch))) return undefined
  const found = await sessions.findSessionWithAccount(sessionId)
  return found && issueAccess(credentials, raised, found.session)
}
