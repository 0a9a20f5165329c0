// Guards: what the doors of every framework have in common: which token counts, what a route may ask, and what whoever
// does not pass is told. This folder knows no framework; the doors are express.ts, fastify.ts, hono.ts and node.ts.

import type { Awaitable } from '../cryptography/cryptography.ts'
import { andThen } from '../tokens/open-token.ts'
import { verifyAtOnce } from '../tokens/promised-check.ts'
import { OUTAGES, type Verification } from '../tokens/token-failure.ts'
import { type Presented, readPresentedToken } from './presented-token.ts'
import type { Refusal } from './refusal.ts'
import type { Requirement } from './requirements.ts'
import { toVerifiedUser, type VerifiedUser } from './verified-user.ts'

/** What says whether a token is good: every verifier of this package, and a Countersign in process. */
export interface TokenVerifier {
  verify(token: string): Awaitable<Verification>
}

/** What says who a token stands for, where that is more than the token tells. */
export interface UserSource {
  findUser(token: string): Awaitable<VerifiedUser | 'invalid_token' | 'unavailable'>
}

export interface GuardOptions {
  /** The roles there are, so that a misspelt one is found at start; default any. */
  roles?: readonly string[]
  /** The time in milliseconds since 1970; default Date.now. */
  clock?: () => number
}

export type Decision =
  | { readonly user: VerifiedUser; readonly refusal?: undefined }
  | { readonly user?: undefined; readonly refusal: Refusal }

/** Decides about requests. */
export interface Authorizer {
  /**
   * @param request stands for the request: a second guard on the same one verifies nothing again
   * @param withoutToken what a request without token is told
   */
  authorize(
    request: object,
    presented: () => Presented,
    requirement: Requirement,
    withoutToken: 'no_token' | 'unauthorized',
  ): Awaitable<Decision>
}

type Marked = Record<symbol, VerifiedUser | undefined>

export function createAuthorizer(
  source: TokenVerifier | UserSource,
  { clock = Date.now }: GuardOptions,
): Authorizer {
  const findUser = toFindUser(source)
  // On the request under a name that nobody else has, so that nobody else can have put a user there. A WeakMap would take
  // as long as all the rest, and the collector of garbage with it.
  const known = Symbol('verified user')

  function decide(user: VerifiedUser, requirement: Requirement): Decision {
    const refusal = requirement(user, clock)
    return refusal === undefined ? { user } : { refusal }
  }

  return {
    authorize(request, presented, requirement, withoutToken) {
      const user = (request as Marked)[known]
      if (user !== undefined) return decide(user, requirement)
      const credentials = readPresentedToken(presented())
      if (credentials === undefined) return { refusal: { code: withoutToken } }
      if (credentials === 'ambiguous') return { refusal: { code: 'invalid_request' } }
      return andThen(findUser(credentials.token), (found): Decision => {
        if (typeof found === 'string') return { refusal: { code: found } }
        ;(request as Marked)[known] = found
        return decide(found, requirement)
      })
    },
  }
}

function toFindUser(source: TokenVerifier | UserSource): UserSource['findUser'] {
  if ('findUser' in source) return (token) => source.findUser(token)
  return (token) =>
    andThen(verifyAtOnce(source, token), (verification) => {
      if (verification.ok) return toVerifiedUser(verification.claims)
      return isOutage(verification.reason) ? 'unavailable' : 'invalid_token'
    })
}

function isOutage(reason: string): boolean {
  return (OUTAGES as readonly string[]).includes(reason)
}
