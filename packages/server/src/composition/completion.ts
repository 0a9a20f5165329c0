import { type FactorChanges, createFactorChanges } from '../authentication/change-factors.ts'
import {
  type PendingSignIn,
  type SignInCompletion,
  createSignInCompletion,
} from '../authentication/finish-sign-in.ts'
import { createNewDeviceCheck } from '../authentication/new-device.ts'
import { type ProofChecks, createPasswordCheck } from '../authentication/prove-second-factor.ts'
import { createSecondFactorPolicy } from '../authentication/second-factor-policy.ts'
import { createEmailCheck } from '../email-factor/email-factor.ts'
import { createTickets } from '../one-time/tickets.ts'
import { createRecoveryCheck } from '../recovery-codes/recovery-codes.ts'
import { createTotpCheck } from '../totp/totp-factor.ts'
import type { Base } from './base.ts'
import type { Services } from './services.ts'
import type { State } from './state.ts'

/** What every way of logging in ends with. */
export function buildCompletion(
  base: Base,
  { store, revoking }: State,
  services: Services,
): SignInCompletion {
  return createSignInCompletion({
    ...base,
    ...services,
    accounts: store,
    factors: store,
    sessions: store,
    revoking,
    pending: createTickets<PendingSignIn>({ ...base, store }, 'pending-sign-in', 600_000),
    isNewDevice: createNewDeviceCheck(services.mail && store),
    needsSecondFactor: createSecondFactorPolicy(base.settings.secondFactor),
    sendsMail: services.mail !== undefined,
  })
}

/** What every way of adding or removing a factor ends with. */
export function buildFactorChanges(
  base: Base,
  { store, revoking }: State,
  { audit, credentials }: Services,
  completion: SignInCompletion,
): FactorChanges {
  return createFactorChanges({
    accounts: store,
    factors: store,
    leases: store,
    sessions: store,
    revoking,
    credentials,
    completion,
    needsSecondFactor: createSecondFactorPolicy(base.settings.secondFactor),
    audit,
    newId: base.newId,
  })
}

/** The kinds of second factor that are a text. */
export function buildProofChecks(base: Base, { store }: State, services: Services): ProofChecks {
  const parts = { ...base, ...services, accounts: store, challenges: store, factors: store }
  return {
    password: createPasswordCheck(services.hasher),
    totp: createTotpCheck(parts),
    recovery: createRecoveryCheck(parts),
    ...(services.mail && { email: createEmailCheck(parts) }),
  }
}
