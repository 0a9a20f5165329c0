import type { Verifier } from '@countersign/verify'
import { checkStanding } from '../accounts/may-act.ts'
import type { AccountStore } from '../accounts/store.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { Access, Principal } from './route.ts'

export interface Authentication {
  readonly principal?: Principal
  readonly problem?: Problem
}

/** Proves who is calling, as far as the route asks. */
export type AuthenticateCall = (access: Access, context: RequestContext) => Promise<Authentication>

const nobody: Authentication = {}

/**
 * The token is verified as any other service would, and then held against the account's row: on our own routes a
 * change of role, a disabling or a deletion counts at once, whichever process made it.
 */
export function createAuthenticateCall(
  verifier: Verifier,
  accounts: Pick<AccountStore, 'findAccount'>,
): AuthenticateCall {
  return async (access, context) => {
    if (access === 'anyone') return nobody
    const token = readBearer(context.source.header('authorization'))
    if (token === undefined) return { problem: problem('no_token') }
    const verification = verifier.verify(token)
    if (!verification.ok) return { problem: problem('invalid_token') }
    const { sub, sid, epoch } = verification.claims
    if (sid === undefined || epoch === undefined) return { problem: problem('invalid_token') }
    const account = await accounts.findAccount(sub)
    if (account === undefined || checkStanding(account, { kind: 'token', epoch }) !== 'may_act') {
      return { problem: problem('invalid_token') }
    }
    return { principal: { account, sessionId: sid } }
  }
}

/** The credential of `Authorization: Bearer`; the scheme in any case (RFC 9110 section 11.1). */
export function readBearer(header: string | undefined): string | undefined {
  if (header === undefined || header.length < 8) return undefined
  if (header.slice(0, 7).toLowerCase() !== 'bearer ') return undefined
  const token = header.slice(7).trim()
  return token === '' ? undefined : token
}
