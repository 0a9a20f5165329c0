/** Door: guards for Fastify 5. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { GuardOptions, TokenVerifier, UserSource } from './guards/authorizer.ts'
import { createGuards, type Decide, type Guards } from './guards/guards.ts'
import { presentedByNode } from './guards/node-request.ts'
import { renderRefusal } from './guards/refusal.ts'
import type { VerifiedUser } from './guards/verified-user.ts'

export type { GuardOptions, TokenVerifier, UserSource } from './guards/authorizer.ts'
export type { Guards } from './guards/guards.ts'
export type { RecentAuth } from './guards/requirements.ts'
export type { VerifiedUser } from './guards/verified-user.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the guards. */
    user?: VerifiedUser | undefined
  }
}

/** A hook: for `onRequest`, before the body is read, or `preHandler`. */
export type FastifyGuard = (
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<FastifyReply | undefined>

export type FastifyGuards = Guards<FastifyGuard>

/** `app.get('/orders', { onRequest: requireAuth }, handler)`: hooks that set `request.user`. */
export function fastifyGuards(
  source: TokenVerifier | UserSource,
  options: GuardOptions = {},
): FastifyGuards {
  return createGuards(source, options, toHook)
}

function toHook(decide: Decide): FastifyGuard {
  return async (request, reply) => {
    const presented = () => presentedByNode(request.raw, request.body)
    const { user, refusal } = await decide(request, presented)
    if (refusal === undefined) {
      request.user = user
      return undefined
    }
    const { status, headers, body } = renderRefusal(refusal, request.id)
    return reply.code(status).headers(headers).send(body)
  }
}
