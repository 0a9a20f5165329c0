// Passkeys (WebAuthn Level 3): how one is made, how it proves whose it is, and the routes for both. A passkey is a second
// factor, and with user verification a whole log-in. Whether a log-in is complete is decided in authentication/; listing,
// naming and removing belong to the flow of all factors.

import type * as webauthn from '@simplewebauthn/server'
import type { PasskeySettings } from '../config/settings.ts'
import type { Clock } from '../foundation/clock.ts'
import { minute } from '../foundation/clock.ts'
import type { Tickets } from '../one-time/tickets.ts'

/**
 * A challenge is a ticket: sealed, bound to what it is for and to the account, and stored only when it is spent, so that
 * whoever asks for many fills nothing. Its text is the challenge's base64url.
 */
export interface ChallengeFacts {
  /** Null for the whole log-in: who it is comes with the answer. */
  readonly accountId: string | null
}

/** One kind of ticket each: what was asked for one purpose answers no other. */
export interface PasskeyChallenges {
  readonly registration: Tickets<ChallengeFacts>
  readonly signIn: Tickets<ChallengeFacts>
  readonly secondFactor: Tickets<ChallengeFacts>
  readonly stepUp: Tickets<ChallengeFacts>
  readonly recovery: Tickets<ChallengeFacts>
}

export interface RelyingParty extends PasskeySettings {
  /** What authenticators show. */
  readonly name: string
  readonly challenges: PasskeyChallenges
  readonly clock: Clock
}

export const challengeLifeMs: number = 5 * minute

/**
 * EdDSA, ES256 and RS256, which every authenticator has one of. Post-quantum ones are left out: what Node 26 can verify,
 * an instance on another version could not.
 */
export const algorithms: readonly number[] = [-8, -7, -257]

type Verification = Pick<
  typeof webauthn,
  'verifyAuthenticationResponse' | 'verifyRegistrationResponse'
>

/** Loaded when the first answer comes: it takes a quarter of a second, and many never need it. */
export function loadVerification(): Promise<Verification> {
  return import('@simplewebauthn/server')
}
