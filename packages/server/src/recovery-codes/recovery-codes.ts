// Recovery codes: a printed set that stands in for a lost second factor, each code once. It owns how a set is made and
// the check of a code; what is kept of one is in factors/.

import type { ProofCheck } from '../authentication/prove-second-factor.ts'
import {
  drawRecoveryCode,
  hashRecoveryCode,
  readRecoverySet,
  recoveryCodesInSet,
  takeRecoveryCode,
  writeRecoverySet,
} from '../factors/recovery-codes.ts'
import type { FactorStore } from '../factors/store.ts'
import type { Clock } from '../foundation/clock.ts'
import type { Randomness } from '../foundation/randomness.ts'

/** @returns the codes, to be shown once, and what is kept of them */
export function drawRecoverySet(
  userId: string,
  randomness: Randomness,
): { readonly codes: readonly string[]; readonly secret: string } {
  const codes = Array.from({ length: recoveryCodesInSet }, () => drawRecoveryCode(randomness))
  return { codes, secret: writeRecoverySet(codes.map((code) => hashRecoveryCode(userId, code))) }
}

export function createRecoveryCheck({
  factors,
  clock,
}: {
  readonly factors: Pick<FactorStore, 'swapFactor'>
  readonly clock: Clock
}): ProofCheck {
  return async ({ account, factors: own, code }) => {
    const hash = hashRecoveryCode(account.id, code)
    for (const factor of own) {
      const left = takeRecoveryCode(readRecoverySet(factor.secret), hash)
      // Of all who bring one code, on whatever instance, one makes the set shorter.
      const use = left && { secret: writeRecoverySet(left), lastUsedAt: clock() }
      if (use) return () => factors.swapFactor(factor, use)
    }
    return undefined
  }
}
