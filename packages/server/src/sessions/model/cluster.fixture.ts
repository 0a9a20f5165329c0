// What the model of the three-step rule drives: two instances on one database, and what happens to them.

import { randomBytes } from 'node:crypto'
import { createMasterSecrets } from '../../foundation/master-secret.ts'
import { issueRefreshToken, parseRefreshToken } from '../refresh-token.ts'
import type { Session } from '../session.ts'

export interface Answer {
  readonly status: number
  readonly code: string | undefined
  /** The successor. */
  readonly token: string | undefined
}

export interface Cluster {
  /** The true time. Only moves forward. */
  readonly now: number
  /** How far what an instance takes for the time may be from clockOf, besides the time that a request takes. */
  readonly clockErrorMs: number
  /** The time that this instance goes by. */
  clockOf(instance: number): number
  /** Sets the clock of an instance's machine ahead. */
  setSkew(instance: number, ms: number): void
  pass(ms: number): Promise<void>
  /** Sessions of a new account, begun so long ago and refreshed until now through the first instance. */
  startSessions(count: number, ageMs: number): Promise<Session[]>
  /** Undefined when the instance ended before it answered: whether it did what was asked nobody knows. */
  refresh(instance: number, refreshToken: string): Promise<Answer | undefined>
  signOut(instance: number, refreshToken: string): Promise<number>
  restart(instance: number): Promise<void>
  /**
   * Ends an instance in the middle of what it does, and resolves when nothing of it acts on the database any more.
   * Undefined where an instance cannot be ended so.
   */
  readonly kill?: (instance: number) => Promise<void>
  /**
   * Copies the database; what it returns puts the copy back. Undefined where that cannot be done: then the model restores
   * nothing.
   */
  readonly backUp: (() => Promise<() => Promise<void>>) | undefined
  close(): Promise<void>
}

export const maxSkewMs = 5_000

/** The master secret of every instance. */
export const modelSecret: string = randomBytes(32).toString('base64url')
const secrets = createMasterSecrets([modelSecret])

/** The one token of this generation. */
export function tokenOf(session: Session, generation: number): string {
  return issueRefreshToken(secrets, session, generation)
}

export function generationOf(token: string): number {
  const parsed = parseRefreshToken(token)
  if (parsed === undefined) throw new Error(`${token} is no refresh token`)
  return parsed.generation
}
