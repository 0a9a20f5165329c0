import type { Awaitable } from '../cryptography/cryptography.ts'
import {
  createAuthorizer,
  type Decision,
  type GuardOptions,
  type TokenVerifier,
  type UserSource,
} from './authorizer.ts'
import type { Presented } from './presented-token.ts'
import {
  nothingMore,
  type RecentAuth,
  recentAuthRequirement,
  type Requirement,
  roleRequirement,
  scopeRequirement,
} from './requirements.ts'

/** The guards of one verifier, in the shape of a framework's middleware. */
export interface Guards<Guard> {
  /**
   * Lets a request with a good access token pass and tells who it is. Answers any other with a problem (RFC 9457) and a
   * challenge (RFC 6750): 401 for no token or a bad one, 400 for a token that was sent more than once, 503 while
   * nothing can be said of it.
   */
  readonly requireAuth: Guard
  /**
   * Lets users of one of these roles pass, after requireAuth or alone; others get 403.
   *
   * @throws TypeError when no role is named, or one that is not among the option `roles`
   */
  readonly requireRole: (...roles: string[]) => Guard
  /**
   * Lets tokens with all of these scopes pass, after requireAuth or alone; others get 403 `insufficient_scope`.
   *
   * @throws TypeError when no scope is named, or one that can be none
   */
  readonly requireScope: (...scopes: string[]) => Guard
  /**
   * Lets users pass who logged in within `maxAge` seconds (and, with `acr`, in one of these ways), after requireAuth or
   * alone; others get the step-up challenge of RFC 9470. A token that does not tell (`auth_time`, `acr`) is refused.
   *
   * @throws TypeError when `maxAge` is no whole number of seconds
   */
  readonly requireRecentAuth: (recent: RecentAuth) => Guard
}

/** Decides about one request, for a door to carry out. */
export type Decide = (request: object, presented: () => Presented) => Awaitable<Decision>

/** The same four guards for every framework. */
export function createGuards<Guard>(
  source: TokenVerifier | UserSource,
  options: GuardOptions,
  toGuard: (decide: Decide) => Guard,
): Guards<Guard> {
  const authorizer = createAuthorizer(source, options)
  const guard = (requirement: Requirement, withoutToken: 'no_token' | 'unauthorized'): Guard =>
    toGuard((request, presented) =>
      authorizer.authorize(request, presented, requirement, withoutToken),
    )
  return {
    requireAuth: guard(nothingMore, 'no_token'),
    requireRole: (...roles) => guard(roleRequirement(roles, options.roles), 'unauthorized'),
    requireScope: (...scopes) => guard(scopeRequirement(scopes), 'no_token'),
    requireRecentAuth: (recent) => guard(recentAuthRequirement(recent), 'no_token'),
  }
}
