import type { AccessClaims, Verification } from '@countersign/verify'
import { checkStanding } from '../accounts/may-act.ts'
import type { AccountStore } from '../accounts/store.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { AuthenticateService } from '../credentials/authenticate-service.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { RevocationFollower } from '../revocation/follow-revocations.ts'
import type { Service } from '../services/service.ts'
import type { VerifyToken } from '../tokens/look-up-key.ts'
import type { Access, Principal } from './route.ts'

export interface Authentication {
  readonly principal?: Principal
  readonly service?: Service
  readonly problem?: Problem
}

/** Proves who is calling, as far as the route asks. */
export type AuthenticateCall = (access: Access, context: RequestContext) => Promise<Authentication>

export type BearerProof =
  | { readonly ok: true; readonly principal: Principal; readonly claims: AccessClaims }
  | { readonly ok: false; readonly problem: 'no_token' | 'invalid_token' }

/** @param authorization the header of that name, undefined when there was none */
export type ProveBearer = (authorization: string | undefined) => Promise<BearerProof>

const nobody: Authentication = {}
const invalid: BearerProof = { ok: false, problem: 'invalid_token' }

/**
 * The token is verified as any other service would, and then held against the account's row: on our own routes a
 * change of role, a disabling or a deletion counts at once, whichever process made it. That its session has ended stands
 * in memory, which is asked only when it is no older than its bound.
 */
export function createBearerProof(
  verifyToken: VerifyToken,
  accounts: Pick<AccountStore, 'findAccount'>,
  follower: Pick<RevocationFollower, 'catchUp'>,
): ProveBearer {
  const verify = async (token: string): Promise<Verification> => {
    const verification = await verifyToken(token)
    const isBehind = verification.ok ? follower.catchUp() : undefined
    if (isBehind === undefined) return verification
    await isBehind
    return verifyToken(token)
  }
  return async (authorization) => {
    const token = readBearer(authorization)
    if (token === undefined) return { ok: false, problem: 'no_token' }
    const verification = await verify(token)
    if (!verification.ok) return invalid
    const { claims } = verification
    const { sub, sid, epoch } = claims
    if (sid === undefined || epoch === undefined) return invalid
    const account = await accounts.findAccount(sub)
    if (account === undefined || checkStanding(account, { kind: 'token', epoch }) !== 'may_act') {
      return invalid
    }
    const { auth_time: authTime } = claims
    const authenticatedAt = typeof authTime === 'number' ? authTime * 1000 : 0
    return { ok: true, principal: { account, sessionId: sid, authenticatedAt }, claims }
  }
}

export function createAuthenticateCall(
  prove: ProveBearer,
  authenticateService: AuthenticateService,
): AuthenticateCall {
  return async (access, context) => {
    if (access === 'anyone') return nobody
    if (access === 'service') return authenticateService(context)
    const authorization = context.source.header('authorization')
    if (access === 'enrolling' && authorization === undefined) return nobody
    const proof = await prove(authorization)
    return proof.ok ? { principal: proof.principal } : { problem: problem(proof.problem) }
  }
}

/**
 * The credential of `Authorization: Bearer`: the scheme in any case (RFC 9110 section 11.1), then spaces (RFC 6750
 * section 2.1). Whatever follows is the credential as it stands; other blanks are no part of a token and refuse it.
 */
export function readBearer(header: string | undefined): string | undefined {
  if (header === undefined || header.length < 8) return undefined
  if (header.slice(0, 7).toLowerCase() !== 'bearer ') return undefined
  let start = 7
  while (header[start] === ' ') start++
  return start === header.length ? undefined : header.slice(start)
}
