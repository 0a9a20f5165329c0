/** Door: guards for node:http. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GuardOptions, TokenVerifier, UserSource } from './guards/authorizer.ts'
import { createGuards, type Decide, type Guards } from './guards/guards.ts'
import { presentedByNode } from './guards/node-request.ts'
import { renderRefusal } from './guards/refusal.ts'
import type { VerifiedUser } from './guards/verified-user.ts'

export type { GuardOptions, TokenVerifier, UserSource } from './guards/authorizer.ts'
export type { Guards } from './guards/guards.ts'
export type { RecentAuth } from './guards/requirements.ts'
export type { VerifiedUser } from './guards/verified-user.ts'

/** Answers who calls; undefined when the request was refused, and answered already. */
export type NodeGuard = (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<VerifiedUser | undefined>

export type NodeGuards = Guards<NodeGuard>

/** `const user = await requireAuth(request, response)`, and return when there is none. */
export function nodeGuards(
  source: TokenVerifier | UserSource,
  options: GuardOptions = {},
): NodeGuards {
  return createGuards(source, options, toNodeGuard)
}

function toNodeGuard(decide: Decide): NodeGuard {
  return async (request, response) => {
    const { user, refusal } = await decide(request, () => presentedByNode(request))
    if (refusal === undefined) return user
    const { status, headers, body } = renderRefusal(refusal, crypto.randomUUID())
    response.writeHead(status, headers).end(body)
    return undefined
  }
}
