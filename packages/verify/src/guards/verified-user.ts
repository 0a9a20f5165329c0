import type { AccessClaims } from '../tokens/claims.ts'

/** Who calls, as the token says. */
export interface VerifiedUser {
  /** `sub`: stable, and the only thing here to key data on. */
  readonly userId: string
  /** Only where tokens carry it, as Countersign's do with `JWT_SECRET`. */
  readonly username?: string | undefined
  /** The first of `roles`. */
  readonly role?: string | undefined
  readonly roles: readonly string[]
  /** `sid`. */
  readonly sessionId?: string | undefined
  readonly claims: AccessClaims
}

/** One for each request, since hosts write on it what they like. */
export function toVerifiedUser(claims: AccessClaims): VerifiedUser {
  const { sub: userId, roles = [], username, sid } = claims
  const user: { -readonly [Member in keyof VerifiedUser]: VerifiedUser[Member] } = {
    userId,
    roles,
    claims,
  }
  if (typeof username === 'string') user.username = username
  if (roles[0] !== undefined) user.role = roles[0]
  if (sid !== undefined) user.sessionId = sid
  return user
}
