import type { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import type { Problem, ProblemCode } from '../http/problems.ts'
import type { Answer } from '../http/reply.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { Service } from '../services/service.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * Who may call a route. A role implies a token; a service has a credential of its own. `enrolling`: a token, or none and
 * in the body the `mfaToken` of a log-in that has to add a factor first, which the handler checks.
 */
export type Access = 'anyone' | 'bearer' | 'enrolling' | 'service' | { readonly role: string }

/**
 * Which volume limit a call is counted against: the caller's own (`caller`: the user's with a token, the address's
 * without), the session's when the handler finds an authentic refresh token (`session`), or none.
 */
export type Counting = 'caller' | 'session' | 'none'

/** Who is calling, as `Authorization: Bearer` proved it and the database confirmed it. */
export interface Principal {
  readonly account: Account
  readonly sessionId: string
  /** When the user last proved who they are, in milliseconds; 0 when the token does not say. */
  readonly authenticatedAt: number
}

export interface RouteContract<Body extends z.ZodType, Query extends z.ZodType> {
  readonly method: Method
  /** With parameters in braces: `/api/users/{id}`. */
  readonly path: string
  readonly operationId: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly access: Access
  readonly counting: Counting
  /** A body is required unless the schema accepts undefined. */
  readonly body?: Body
  /** How the body comes. Default: `json`. */
  readonly bodyType?: 'json' | 'form'
  readonly query?: Query
  /** What the path's parameters mean. */
  readonly parameters?: Readonly<Record<string, string>>
  readonly success: {
    readonly status: number
    readonly description: string
    readonly schema?: z.ZodType
    readonly contentType?: string
    /** Further types that `Accept` may ask for. */
    readonly alsoAs?: readonly string[]
    /** The answer has an ETag, and a 304 says that the caller's is still good. */
    readonly isRevalidated?: true
  }
  /** The problems of this route's own; those of every route are added to the documentation. */
  readonly problems: readonly ProblemCode[]
  /** In place of "The request is not valid" when members are missing. */
  readonly missingMessage?: string
  /** Only soon after a log-in or step-up: the act is dangerous (RFC 9470). */
  readonly recentAuthentication?: true
  /** The refresh cookie counts here: to act, which takes its CSRF token as well, or only to read. */
  readonly cookie?: 'acts' | 'reads'
}

export interface Call<Body, Query, Who> {
  readonly context: RequestContext
  readonly principal: Who
  readonly body: Body
  readonly query: Query
  readonly params: Readonly<Record<string, string>>
  /** Why this caller may no longer do this: for acts that had to wait for something before they change anything. */
  readonly proveAgain: () => Promise<Problem | undefined>
}

/** A contract with its handler, as the application serves and documents it. */
export interface Route {
  readonly contract: RouteContract<z.ZodType, z.ZodType>
  readonly handle: (
    call: Call<unknown, unknown, Principal | Service | undefined>,
  ) => Promise<Answer> | Answer
}

type WhoOf<A extends Access> = A extends 'anyone'
  ? undefined
  : A extends 'service'
    ? Service
    : A extends 'enrolling'
      ? Principal | undefined
      : Principal

/** Ties a handler to its contract: the handler receives what the contract's schemas accepted, typed. */
export function defineRoute<
  const A extends Access,
  Body extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
>(
  contract: RouteContract<Body, Query> & { readonly access: A },
  handle: (call: Call<z.output<Body>, z.output<Query>, WhoOf<A>>) => Promise<Answer> | Answer,
): Route {
  // The pipeline calls a handler only with what the contract accepted, so the types hold where the compiler cannot see.
  return { contract, handle: handle as Route['handle'] }
}
