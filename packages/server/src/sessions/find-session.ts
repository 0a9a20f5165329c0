import type { Account } from '../accounts/account.ts'
import type { MasterSecrets } from '../foundation/master-secret.ts'
import { isAuthentic, parseRefreshToken } from './refresh-token.ts'
import type { Session } from './session.ts'
import type { SessionStore } from './store.ts'

/** A session whose refresh token somebody really holds. Whether it still lives is another question. */
export interface PresentedSession {
  readonly session: Session
  /** Undefined when the account was deleted. */
  readonly account: Account | undefined
  /** The generation of the token. */
  readonly generation: number
}

/**
 * The session that a refresh token names; undefined when the token is malformed, unknown or not of our making. Session
 * ids are public (they stand in every access token), so nothing is decided before the MAC holds.
 */
export async function findPresentedSession(
  store: Pick<SessionStore, 'findSessionWithAccount'>,
  secrets: MasterSecrets,
  text: string,
): Promise<PresentedSession | undefined> {
  const token = parseRefreshToken(text)
  if (token === undefined) return undefined
  const found = await store.findSessionWithAccount(token.sessionId)
  if (found === undefined || !isAuthentic(secrets, token, found.session)) return undefined
  return { ...found, generation: token.generation }
}
