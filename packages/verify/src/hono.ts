/** Door: guards for Hono 4, on every runtime. */
import type { Context, MiddlewareHandler } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { GuardOptions, TokenVerifier, UserSource } from './guards/authorizer.ts'
import { createGuards, type Decide, type Guards } from './guards/guards.ts'
import { type Presented, queryOf } from './guards/presented-token.ts'
import { renderRefusal } from './guards/refusal.ts'
import type { VerifiedUser } from './guards/verified-user.ts'

export type { GuardOptions, TokenVerifier, UserSource } from './guards/authorizer.ts'
export type { Guards } from './guards/guards.ts'
export type { RecentAuth } from './guards/requirements.ts'
export type { VerifiedUser } from './guards/verified-user.ts'

/** What the guards set: `c.var.user`. */
export interface VerifiedEnv {
  Variables: { user: VerifiedUser }
}

export type HonoGuard = MiddlewareHandler<VerifiedEnv>

export type HonoGuards = Guards<HonoGuard>

/** `app.get('/orders', requireAuth, (c) => …)`: middleware that sets `c.var.user`. */
export function honoGuards(
  source: TokenVerifier | UserSource,
  options: GuardOptions = {},
): HonoGuards {
  return createGuards(source, options, toMiddleware)
}

function toMiddleware(decide: Decide): HonoGuard {
  return async (c, next) => {
    const { user, refusal } = await decide(c, () => presentedBy(c))
    if (refusal === undefined) {
      c.set('user', user)
      await next()
      return undefined
    }
    const { status, headers, body } = renderRefusal(refusal, crypto.randomUUID())
    return c.body(body, status as ContentfulStatusCode, headers)
  }
}

function presentedBy(c: Context<VerifiedEnv>): Presented {
  const authorization = c.req.header('authorization')
  return {
    authorization: authorization === undefined ? [] : [authorization],
    query: queryOf(c.req.url),
  }
}
