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

export function toVerifiedUser(claims: AccessClaims): VerifiedUser {
  const roles = claims.roles ?? []
  const { username } = claims
  return {
    userId: claims.sub,
    ...(typeof username === 'string' && { username }),
    ...(roles[0] !== undefined && { role: roles[0] }),
    roles,
    ...(claims.sid !== undefined && { sessionId: claims.sid }),
    claims,
  }
}
