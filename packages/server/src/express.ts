// Door: guards for an Express application's own routes.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Countersign } from './create-countersign.ts'
import { StoreUnavailableError } from './foundation/store-failure.ts'
import {
  challengeOf,
  type ProblemCode,
  problem,
  problemKinds,
  renderProblem,
} from './http/problems.ts'
import { authorizationOf } from './http/request-source.ts'
import type { AuthenticatedUser } from './library/authenticate.ts'

declare global {
  namespace Express {
    interface Request {
      /** Set by requireAuth and requireRole. */
      user?: AuthenticatedUser
    }
  }
}

/** A request as Express hands it over; kept structural so that the host's version of Express decides. */
export type GuardedRequest = IncomingMessage & { user?: AuthenticatedUser | undefined }

export type ExpressGuard = (
  request: GuardedRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

export interface ExpressGuards {
  /**
   * Lets a request with a good access token pass and sets `req.user`; answers any other with 401 and a challenge
   * (RFC 6750). The account is read for each request, so a disabled user or a changed role counts at once.
   */
  readonly requireAuth: ExpressGuard
  /**
   * Lets users of one of these roles pass, after requireAuth or alone: without a user it answers 401, with another role
   * 403.
   *
   * @throws TypeError when no role is named, or one that is not configured
   */
  readonly requireRole: (...roles: string[]) => ExpressGuard
}

/** The guards of one Countersign: `const { requireAuth, requireRole } = expressGuards(auth)`. */
export function expressGuards(auth: Pick<Countersign, 'authenticate' | 'settings'>): ExpressGuards {
  const identify = async (request: GuardedRequest): Promise<ProblemCode | undefined> => {
    const result = await auth.authenticate(authorizationOf(request))
    if (!result.ok) return result.reason
    request.user = result.user
    return undefined
  }
  return {
    requireAuth: guard(identify),
    requireRole: (...roles) => {
      checkRoles(roles, auth.settings.roles)
      return guard(async (request) => {
        if (request.user === undefined) {
          const refusal = await identify(request)
          if (refusal) return refusal === 'no_token' ? 'unauthorized' : refusal
        }
        const role = request.user?.role
        return role !== undefined && roles.includes(role) ? undefined : 'insufficient_permissions'
      })
    },
  }
}

function checkRoles(wanted: readonly string[], known: readonly string[]): void {
  const unknown = wanted.filter((role) => !known.includes(role))
  if (wanted.length > 0 && unknown.length === 0) return
  const what = wanted.length === 0 ? 'names no role' : `names ${unknown.join(', ')}`
  throw new TypeError(`requireRole ${what}: name at least one of the roles ${known.join(', ')}.`)
}

function guard(check: (request: GuardedRequest) => Promise<ProblemCode | undefined>): ExpressGuard {
  return (request, response, next) => {
    check(request).then(
      (code) => (code === undefined ? next() : refuse(response, code)),
      // Never open: what cannot be proven is refused, and what is no outage is the host's to report.
      (error: unknown) =>
        error instanceof StoreUnavailableError ? refuse(response, 'unavailable') : next(error),
    )
  }
}

function refuse(response: ServerResponse, code: ProblemCode): void {
  const failure = problem(code)
  const { status } = problemKinds[code]
  response.statusCode = status
  response.setHeader('content-type', 'application/problem+json; charset=utf-8')
  response.setHeader('cache-control', 'no-store')
  if (status === 401) response.setHeader('www-authenticate', challengeOf(failure))
  if (status === 503) response.setHeader('retry-after', '1')
  const requestId = randomUUID()
  response.setHeader('x-request-id', requestId)
  response.end(renderProblem(failure, requestId))
}
