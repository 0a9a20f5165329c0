// Credentials: what a client holds and how it travels: the token answer, the refresh cookie, the CSRF token, and which
// of several credentials counts. It issues on behalf of the flows (sign-in/, refresh/ …) and decides nothing about
// sessions.

import type { Account } from '../accounts/account.ts'
import { toProfile } from '../accounts/profile.ts'
import type { Clock } from '../foundation/clock.ts'
import type { MasterSecrets } from '../foundation/master-secret.ts'
import { type CookieAttributes, formatCookie } from '../http/cookies.ts'
import type { Reply } from '../http/reply.ts'
import { remainingLife, type SessionLives } from '../sessions/decide-refresh.ts'
import { issueRefreshToken } from '../sessions/refresh-token.ts'
import type { Session } from '../sessions/session.ts'
import type { AccessTokenIssuer } from '../tokens/issue-access-token.ts'
import { issueCsrfToken } from './csrf-token.ts'

/** How the refresh token travels; it answers the way it came. */
export type Delivery = 'cookie' | 'body'

export interface CredentialParts {
  readonly secrets: MasterSecrets
  readonly issuer: AccessTokenIssuer
  readonly cookie: CookieAttributes
  readonly lives: SessionLives
  readonly clock: Clock
}

export interface GrantedSession {
  readonly session: Session
  readonly account: Account
  /** Of the refresh token to hand out. */
  readonly generation: number
}

/** The access token's part of an answer. */
export interface AccessAnswer {
  /** The same as accessToken: clients of the tutorial read it. */
  readonly token: string
  readonly accessToken: string
  readonly tokenType: 'Bearer'
  readonly expiresIn: number
}

export async function issueAccess(
  parts: CredentialParts,
  account: Account,
  session: Session,
): Promise<AccessAnswer> {
  const expiresAt = session.createdAt + parts.lives.maxMs
  const { token, expiresIn } = await parts.issuer.issue({
    account,
    session: { ...session, expiresAt },
  })
  return { token, accessToken: token, tokenType: 'Bearer', expiresIn }
}

/** The whole token answer of log-in and refresh. */
export async function issueTokenAnswer(
  parts: CredentialParts,
  granted: GrantedSession,
  delivery: Delivery,
): Promise<Reply> {
  const { session, account, generation } = granted
  const access = await issueAccess(parts, account, session)
  const refreshToken = issueRefreshToken(parts.secrets, session, generation)
  const body = {
    ...access,
    csrfToken: issueCsrfToken(parts.secrets, session.id),
    user: toProfile(account),
  }
  if (delivery === 'body') return { status: 200, body: { ...body, refreshToken } }
  const maxAge = Math.floor(remainingLife(session, parts.lives, parts.clock()) / 1000)
  return {
    status: 200,
    body,
    cookies: [formatCookie(parts.cookie, refreshToken, maxAge)],
  }
}

/** The Set-Cookie that makes the browser forget the refresh token. */
export function clearedCookie(cookie: CookieAttributes): string {
  return formatCookie(cookie, '', 0)
}
