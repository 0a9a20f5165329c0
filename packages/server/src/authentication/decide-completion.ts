// Authentication: from what somebody proved to a session. This folder owns the one decision whether a log-in is complete,
// which every way of logging in goes through, the log-in that waits for its second factor, and step-up. It checks no
// factor itself: passwords/, and the flows of each factor, do.

import { type FactorKind, isSecondFactor, type Proof } from '../factors/factor.ts'

export interface CompletionFacts {
  /** The kinds of the account's living factors. */
  readonly kinds: ReadonlySet<FactorKind>
  /** In the order in which they were proven, in this one log-in. */
  readonly proofs: readonly [Proof, ...Proof[]]
  /** Whether the policy asks a second factor of this account, whether it has one or not. */
  readonly isRequired: boolean
}

export type Completion =
  | { readonly outcome: 'complete'; readonly amr: readonly string[] }
  /** Any one of these completes it. */
  | { readonly outcome: 'second_factor'; readonly possible: readonly Proof[] }
  /** The policy asks for a second factor and there is none yet: one has to be added first. */
  | { readonly outcome: 'enrollment' }

const methods: Readonly<Record<Proof, readonly string[]>> = {
  password: ['pwd'],
  totp: ['otp'],
  email: ['email'],
  recovery: ['recovery'],
  // Possession of a key, and the user's gesture or body, at once.
  passkey: ['pop', 'user'],
}

/** The one answer to "is this log-in complete?". */
export function decideCompletion({ kinds, proofs, isRequired }: CompletionFacts): Completion {
  const [first, ...more] = proofs
  const amr = [...new Set(proofs.flatMap((proof) => methods[proof]))]
  // Two factors in one: nothing more to ask.
  if (proofs.includes('passkey')) return { outcome: 'complete', amr: [...amr, 'mfa'] }
  if (!isRequired && !hasSecondFactor(kinds)) return { outcome: 'complete', amr }
  const possible = listSecondProofs(kinds, first)
  if (more.some((proof) => possible.includes(proof))) {
    return { outcome: 'complete', amr: [...amr, 'mfa'] }
  }
  return possible.length > 0 ? { outcome: 'second_factor', possible } : { outcome: 'enrollment' }
}

export function hasSecondFactor(kinds: ReadonlySet<FactorKind>): boolean {
  return [...kinds].some(isSecondFactor)
}

function listSecondProofs(kinds: ReadonlySet<FactorKind>, first: Proof): readonly Proof[] {
  if (!hasSecondFactor(kinds)) return []
  const others = [...kinds].filter((kind) => kind !== first)
  if (others.some((kind) => kind !== 'recovery')) return others
  // The mailbox is the only second factor, and came first: then the password is the second.
  return ['password', ...others]
}
