import type { AccessClaims } from '@countersign/verify'
import type { ProveBearer } from '../routing/authenticate-call.ts'

/** Who calls: the account as it is now, not as it was when the token was issued. */
export interface AuthenticatedUser {
  readonly userId: string
  readonly username: string
  readonly role: string
  /** The role as a list, as the token's claim of that name has it. */
  readonly roles: readonly string[]
  readonly sessionId: string
  readonly claims: AccessClaims
}

export type AuthenticationResult =
  | { readonly ok: true; readonly user: AuthenticatedUser }
  | { readonly ok: false; readonly reason: 'no_token' | 'invalid_token' }

/**
 * @param authorization the value of the Authorization header
 * @throws StoreUnavailableError when the account cannot be read: answer 503
 */
export type Authenticate = (authorization: string | undefined) => Promise<AuthenticationResult>

export function createAuthenticate(prove: ProveBearer): Authenticate {
  return async (authorization) => {
    const proof = await prove(authorization)
    if (!proof.ok) return { ok: false, reason: proof.problem }
    const { account, sessionId } = proof.principal
    const { id, username, role } = account
    const user = { userId: id, username, role, roles: [role], sessionId, claims: proof.claims }
    return { ok: true, user }
  }
}
