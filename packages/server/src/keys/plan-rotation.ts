import type { KeyringContent } from './keyring-document.ts'
import type { PairAlgorithm, SigningKey } from './signing-key.ts'

export interface RotationSchedule {
  readonly algorithm: PairAlgorithm
  readonly accessTokenTtlSeconds: number
  /** How long a key signs. */
  readonly rotationMs: number
  /** How long a key is published before it signs: longer than verifiers keep the key set. */
  readonly leadMs: number
}

export interface RotationPlan {
  readonly keep: readonly SigningKey[]
  readonly longestTokenTtlSeconds: number
  /** A key to make, and when it signs first. */
  readonly make: { readonly activatesAt: number } | undefined
  readonly isChanged: boolean
}

// Verifiers' clocks differ; a key stays a little longer than its last token.
const marginMs = 120_000

/**
 * The key that signs: of those whose time has come, the latest. When the time of none has come (this clock is behind the
 * one that made them, or went backwards) it is the one whose time comes first, because without a key nobody logs in.
 */
export function activeKey(keys: readonly SigningKey[], now: number): SigningKey | undefined {
  let active: SigningKey | undefined
  let first: SigningKey | undefined
  for (const key of keys) {
    if (key.removesAt !== null) continue
    if (first === undefined || key.activatesAt < first.activatesAt) first = key
    if (key.activatesAt > now) continue
    if (active === undefined || key.activatesAt >= active.activatesAt) active = key
  }
  return active ?? first
}

/**
 * What has to change now: pure, so that any number of instances that look at the same document at the same time come to
 * the same plan, and compare-and-swap lets one of them carry it out.
 */
export function planRotation(
  content: KeyringContent,
  schedule: RotationSchedule,
  now: number,
): RotationPlan {
  const longestTokenTtlSeconds = Math.max(
    content.longestTokenTtlSeconds,
    schedule.accessTokenTtlSeconds,
  )
  const active = activeKey(content.keys, now)
  const keep = content.keys
    .filter((key) => key.removesAt === null || key.removesAt > now)
    .map((key) => retireIfSucceeded(key, active, longestTokenTtlSeconds))
  const make = planNewKey(keep, active, schedule, now)
  const isChanged =
    make !== undefined ||
    longestTokenTtlSeconds !== content.longestTokenTtlSeconds ||
    keep.length !== content.keys.length ||
    keep.some((key, index) => key !== content.keys[index])
  return { keep, longestTokenTtlSeconds, make, isChanged }
}

function retireIfSucceeded(
  key: SigningKey,
  active: SigningKey | undefined,
  longestTokenTtlSeconds: number,
): SigningKey {
  if (active === undefined || key === active || key.removesAt !== null) return key
  if (key.activatesAt > active.activatesAt) return key
  return {
    ...key,
    removesAt: active.activatesAt + longestTokenTtlSeconds * 1000 + marginMs,
  }
}

function planNewKey(
  keys: readonly SigningKey[],
  active: SigningKey | undefined,
  schedule: RotationSchedule,
  now: number,
): { activatesAt: number } | undefined {
  if (active === undefined) return { activatesAt: now }
  const hasNext = keys.some(
    (key) =>
      key.removesAt === null && key.activatesAt > now && key.algorithm === schedule.algorithm,
  )
  if (hasNext) return undefined
  // Another algorithm was configured: the old key signs until the new one has been published for long enough.
  if (active.algorithm !== schedule.algorithm) return { activatesAt: now + schedule.leadMs }
  const endsAt = active.activatesAt + schedule.rotationMs
  if (now < endsAt - schedule.leadMs) return undefined
  return { activatesAt: Math.max(endsAt, now + schedule.leadMs) }
}
