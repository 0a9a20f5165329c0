import type { AuditFacts, AuditLog } from '../audit/audit-log.ts'
import type { AuditType } from '../audit/event.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { AttemptLimits } from '../limits/attempt-limits.ts'
import type { VolumeLimit } from '../limits/volume-limits.ts'

export interface FailureWatchParts {
  readonly attempts: AttemptLimits
  readonly audit: AuditLog
  /** Of the limit that says which failures are the first of a pair of account and address. */
  readonly windowMs: number
}

export interface StrangersFailure {
  readonly countedAs: string
  readonly addressKey: string
  /** Of the attempts of this pair in its window. */
  readonly count: number
  /** Undefined for a name that nobody has. */
  readonly accountId: string | undefined
}

/** Many people behind one address mistype now and then; that many of them in one window are no people. */
const unusual = 20

/**
 * Watches for what single attempts do not show: one address that tries many accounts, and one account that is tried from
 * many addresses. Only the first failure of a pair is looked at, and only the attempt that reaches the number is an event:
 * at most one per window, address and account, over all instances, however long an attack goes on. Names that nobody has
 * count like others, so that their failures cost the same.
 */
export async function watchFailure(
  { attempts, audit, windowMs }: FailureWatchParts,
  { countedAs, addressKey, count, accountId }: StrangersFailure,
  context: RequestContext,
): Promise<void> {
  if (count !== 1) return
  const limit: VolumeLimit = { count: unusual, windowMs }
  const reaches = async (what: string, key: string): Promise<boolean> => {
    const attempt = await attempts.reserve('signal', [what, key], limit)
    return attempt.granted && attempt.count === unusual
  }
  const tell = (type: AuditType, facts: AuditFacts): Promise<void> =>
    audit.record(type, { ...facts, detail: { number: unusual } }, context)
  const [isSpraying, isBesieged] = await Promise.all([
    reaches('accounts of an address', addressKey),
    reaches('addresses of an account', countedAs),
  ])
  if (isSpraying) await tell('sign_in.many_accounts', {})
  if (isBesieged) await tell('sign_in.many_addresses', { subjectId: accountId ?? null })
}
