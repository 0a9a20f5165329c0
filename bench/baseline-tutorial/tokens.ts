import { randomUUID } from 'node:crypto'
import jwt from 'jsonwebtoken'
import type { User } from './database.ts'

export interface TokenSecrets {
  readonly access: string
  readonly refresh: string
}

export interface TokenUser {
  readonly userId: number
  readonly username: string
  readonly role: string
}

export function signAccessToken(user: User, secrets: TokenSecrets): string {
  const claims = { userId: user.id, username: user.username, role: user.role }
  return jwt.sign(claims, secrets.access, { expiresIn: '15m' })
}

export function signRefreshToken(user: User, secrets: TokenSecrets): string {
  return jwt.sign({ userId: user.id, jti: randomUUID() }, secrets.refresh, { expiresIn: '7d' })
}

/** @throws when the token is not good */
export function verifyAccessToken(token: string, secrets: TokenSecrets): TokenUser {
  return jwt.verify(token, secrets.access) as unknown as TokenUser
}

export function isRefreshToken(token: string, secrets: TokenSecrets): boolean {
  try {
    jwt.verify(token, secrets.refresh)
    return true
  } catch {
    return false
  }
}
