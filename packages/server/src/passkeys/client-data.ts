import type { Ticket, Tickets } from '../one-time/tickets.ts'
import type { ChallengeFacts } from './relying-party.ts'

/** Why an answer counts for nothing: for the log, never for the client. */
export type PasskeyRefusal =
  | 'malformed'
  | 'foreign_origin'
  | 'wrong_challenge'
  | 'spent_challenge'
  | 'unknown_passkey'
  | 'foreign_passkey'
  | 'disabled'
  | 'not_verified'
  | 'cloned'

export interface ExpectedClientData {
  readonly type: 'webauthn.create' | 'webauthn.get'
  readonly origins: readonly string[]
  readonly challenges: Tickets<ChallengeFacts>
  readonly accountId: string | null
}

export type OpenedClientData =
  | { readonly ok: true; readonly ticket: Ticket<ChallengeFacts> }
  | { readonly ok: false; readonly reason: PasskeyRefusal }

/**
 * What the browser says it asked the authenticator: for what, by a page of which origin, with which challenge
 * (WebAuthn Level 3, section 5.8.1). It is only worth something once the signature over it is verified.
 */
export function openClientData(encoded: string, expected: ExpectedClientData): OpenedClientData {
  const data = parse(encoded)
  if (data === undefined) return { ok: false, reason: 'malformed' }
  const { type, origin, challenge, crossOrigin, topOrigin } = data
  if (type !== expected.type) return { ok: false, reason: 'malformed' }
  // A page of ours in the frame of a stranger's would lead its user to confirm what he cannot see.
  const isFramed = (crossOrigin !== undefined && crossOrigin !== false) || topOrigin !== undefined
  if (isFramed || typeof origin !== 'string' || !expected.origins.includes(origin)) {
    return { ok: false, reason: 'foreign_origin' }
  }
  const ticket = typeof challenge === 'string' ? expected.challenges.open(challenge) : undefined
  if (ticket === undefined || ticket.facts.accountId !== expected.accountId) {
    return { ok: false, reason: 'wrong_challenge' }
  }
  return { ok: true, ticket }
}

function parse(encoded: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = Buffer.from(encoded, 'base64url')
  // In its one spelling, so that whoever verifies the signature reads the same bytes.
  if (bytes.toString('base64url') !== encoded) return undefined
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
