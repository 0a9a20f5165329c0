import type { AuditFacts, AuditLog } from '../audit/audit-log.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { AssertionChecked } from './check-assertion.ts'

type Refused = Exclude<AssertionChecked, { readonly ok: true }>

/** A copied authenticator is worth an event of its own: its owner has to remove the passkey. */
export async function recordClone(
  audit: AuditLog,
  { reason, account, factor }: Refused,
  context: RequestContext,
): Promise<void> {
  if (reason !== 'cloned' || factor === undefined) return
  const facts: AuditFacts = {
    subjectId: account?.id ?? null,
    detail: { factor: 'passkey', factorId: factor.id },
  }
  await audit.record('factor.cloned', facts, context)
}
