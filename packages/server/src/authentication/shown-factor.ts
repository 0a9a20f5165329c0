import type { Factor, FactorKind } from '../factors/factor.ts'
import { readRecoverySet } from '../factors/recovery-codes.ts'
import { toTimestamp } from '../foundation/clock.ts'

export interface ShownFactor {
  readonly id: string
  readonly kind: FactorKind
  readonly name: string
  readonly createdAt: string
  readonly lastUsedAt: string | null
  /** Of recovery codes: how many are left. */
  readonly remaining?: number
}

/** What its owner sees of a factor: nothing that would prove it. */
export function showFactor(factor: Factor): ShownFactor {
  const { id, kind, name, createdAt, lastUsedAt, secret } = factor
  return {
    id,
    kind,
    name,
    createdAt: toTimestamp(createdAt),
    lastUsedAt: lastUsedAt === null ? null : toTimestamp(lastUsedAt),
    ...(kind === 'recovery' && { remaining: readRecoverySet(secret).length }),
  }
}
