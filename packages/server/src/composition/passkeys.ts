import { createTickets } from '../one-time/tickets.ts'
import {
  challengeLifeMs,
  type ChallengeFacts,
  type PasskeyChallenges,
  type RelyingParty,
} from '../passkeys/relying-party.ts'
import type { Base } from './base.ts'
import type { State } from './state.ts'

/** Whose passkeys they are, and what they are asked with. */
export function buildRelyingParty(base: Base, { store }: Pick<State, 'store'>): RelyingParty {
  const { settings, clock } = base
  const tickets = (purpose: string) =>
    createTickets<ChallengeFacts>({ ...base, store }, `passkey-${purpose}`, challengeLifeMs)
  const challenges: PasskeyChallenges = {
    registration: tickets('registration'),
    signIn: tickets('sign-in'),
    secondFactor: tickets('second-factor'),
    stepUp: tickets('step-up'),
    recovery: tickets('recovery'),
  }
  return { ...settings.passkeys, name: settings.serviceName, challenges, clock }
}
