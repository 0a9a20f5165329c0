import { type FactorChanges, createFactorChanges } from '../authentication/change-factors.ts'
import {
  type PendingSignIn,
  type SignInCompletion,
  createSignInCompletion,
} from '../authentication/finish-sign-in.ts'
import { createNewDeviceCheck } from '../authentication/new-device.ts'
import {
  type ProofChecks,
  type RecoveryProof,
  createPasswordCheck,
  createRecoveryProof,
} from '../authentication/prove-second-factor.ts'
import { createSecondFactorPolicy } from '../authentication/second-factor-policy.ts'
import { createEmailCheck } from '../email-factor/email-factor.ts'
import { createTickets } from '../one-time/tickets.ts'
import { createProofOptions } from '../passkeys/ceremony-options.ts'
import { createPasskeyCheck } from '../passkeys/passkey-check.ts'
import type { RelyingParty } from '../passkeys/relying-party.ts'
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
  { audit, credentials, devices }: Services,
  completion: SignInCompletion,
): FactorChanges {
  return createFactorChanges({
    factors: store,
    leases: store,
    sessions: store,
    revoking,
    credentials,
    devices,
    completion,
    needsSecondFactor: createSecondFactorPolicy(base.settings.secondFactor),
    audit,
    newId: base.newId,
  })
}

/** How each kind of proof is checked that a log-in may wait for. */
export function buildProofChecks(
  base: Base,
  { store }: State,
  services: Services,
  relyingParty: RelyingParty,
): ProofChecks {
  const parts = {
    ...base,
    ...services,
    accounts: store,
    challenges: store,
    factors: store,
    relyingParty,
  }
  return {
    passkey: createPasskeyCheck(parts, 'secondFactor'),
    password: createPasswordCheck(services.hasher),
    totp: createTotpCheck(parts),
    recovery: createRecoveryCheck(parts),
    ...(services.mail && { email: createEmailCheck(parts) }),
  }
}

/** What an account with a second factor is asked for beside the link of a mail. */
export function buildRecoveryProof(
  base: Base,
  { store }: State,
  services: Services,
  relyingParty: RelyingParty,
  checks: ProofChecks,
): RecoveryProof {
  const parts = { ...base, ...services, accounts: store, factors: store, relyingParty }
  return createRecoveryProof({
    ...parts,
    // What a log-in asked a passkey answers nothing here, nor the other way round.
    checks: { ...checks, passkey: createPasskeyCheck(parts, 'recovery') },
    askPasskey: (account, factors) =>
      createProofOptions(relyingParty, 'recovery', account, factors),
  })
}
