/** Door: guards for Express 5 (and Connect). */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Awaitable } from './cryptography/cryptography.ts'
import type { Decision, GuardOptions, TokenVerifier, UserSource } from './guards/authorizer.ts'
import { createGuards, type Decide, type Guards } from './guards/guards.ts'
import { presentedByNode } from './guards/node-request.ts'
import { type Refusal, renderRefusal } from './guards/refusal.ts'
import type { VerifiedUser } from './guards/verified-user.ts'

export type { GuardOptions, TokenVerifier, UserSource } from './guards/authorizer.ts'
export type { Guards } from './guards/guards.ts'
export type { RecentAuth } from './guards/requirements.ts'
export type { VerifiedUser } from './guards/verified-user.ts'

declare global {
  namespace Express {
    interface User extends VerifiedUser {}
    interface Request {
      /** Set by the guards. */
      user?: User | undefined
    }
  }
}

/** A request as Express hands it over; structural, so that the host's version of Express decides. */
export type GuardedRequest = IncomingMessage & { user?: VerifiedUser | undefined; body?: unknown }

export type ExpressGuard = (
  request: GuardedRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

export type ExpressGuards = Guards<ExpressGuard>

/** `const { requireAuth, requireRole } = expressGuards(verifier)`: middleware that sets `req.user`. */
export function expressGuards(
  source: TokenVerifier | UserSource,
  options: GuardOptions = {},
): ExpressGuards {
  return createGuards(source, options, toMiddleware)
}

function toMiddleware(decide: Decide): ExpressGuard {
  return (request, response, next) => {
    const carryOut = ({ user, refusal }: Decision): void => {
      if (refusal !== undefined) {
        refuse(response, refusal, next)
        return
      }
      request.user = user
      next()
    }
    let decision: Awaitable<Decision>
    try {
      decision = decide(request, () => presentedByNode(request, request.body))
    } catch (error) {
      // Never open: what goes wrong in the source is the host's to report.
      next(error)
      return
    }
    if (decision instanceof Promise) void decision.then(carryOut, next)
    else carryOut(decision)
  }
}

/** A host that has answered meanwhile, for a time limit say, hears of it; as a rejection it would end the process. */
function refuse(response: ServerResponse, refusal: Refusal, next: (error?: unknown) => void): void {
  try {
    const { status, headers, body } = renderRefusal(refusal, crypto.randomUUID())
    response.writeHead(status, headers).end(body)
  } catch (error) {
    next(error)
  }
}
