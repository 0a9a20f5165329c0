// Factors: what proves an account beside its password: authenticator apps, passkeys, recovery codes, the mailbox. This
// folder owns the row, the names of what can be proven, and which of an account's factors count. How each kind is checked
// belongs to its flow; whether a log-in is complete is decided in authentication/.

import type { Account } from '../accounts/account.ts'
import { readRecoverySet } from './recovery-codes.ts'
import type { FactorStore } from './store.ts'

export const factorKinds = ['totp', 'passkey', 'recovery', 'email'] as const

export type FactorKind = (typeof factorKinds)[number]

/** What a log-in can prove. A passkey proves possession and the user at once (user verification is required). */
export type Proof = 'password' | FactorKind

export interface Factor {
  readonly id: string
  readonly userId: string
  readonly kind: FactorKind
  /** For people: "Phone", "YubiKey". */
  readonly name: string
  /** The account's factorEpoch when it was added: with a lower one it is dead. */
  readonly epoch: number
  /** Unique over all accounts where it is set: a passkey's credential id. */
  readonly externalId: string | null
  /** Sealed under the master secret, or hashes: never what opens anything by itself. */
  readonly secret: string
  /** The last TOTP step that was used; the signature counter of a passkey. */
  readonly counter: number
  readonly createdAt: number
  readonly lastUsedAt: number | null
}

/** The factors of the account that count. The one place that compares their epoch. */
export async function loadLivingFactors(
  store: Pick<FactorStore, 'listFactors'>,
  account: Account,
): Promise<readonly Factor[]> {
  const factors = await store.listFactors(account.id)
  return factors.filter((factor) => isLiving(factor, account))
}

/**
 * What the factors can prove, or have proven just now: a set of recovery codes that are all used can nothing any more,
 * but its last code could.
 */
export function usableKinds(
  factors: readonly Factor[],
  proofs: readonly Proof[] = [],
): Set<FactorKind> {
  const usable = factors.filter(
    ({ kind, secret }) =>
      kind !== 'recovery' || proofs.includes(kind) || readRecoverySet(secret).length > 0,
  )
  return new Set(usable.map(({ kind }) => kind))
}

/** Recovery codes stand in for a factor that was lost; alone they are none. */
export function isSecondFactor(kind: FactorKind): boolean {
  return kind !== 'recovery'
}

export function isLiving(factor: Factor, account: Account): boolean {
  return factor.userId === account.id && factor.epoch >= account.factorEpoch
}
