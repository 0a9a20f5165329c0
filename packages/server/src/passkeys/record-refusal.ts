import type { AuditFacts, AuditLog } from '../audit/audit-log.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import type { AssertionRefused } from './check-assertion.ts'
import type { PasskeyRefusal } from './client-data.ts'

/** A copied authenticator is worth an event of its own: its owner has to remove the passkey. */
export async function recordClone(
  audit: AuditLog,
  { reason, account, factor }: AssertionRefused,
  context: RequestContext,
): Promise<void> {
  if (reason !== 'cloned' || factor === undefined) return
  const facts: AuditFacts = {
    subjectId: account?.id ?? null,
    detail: { factor: 'passkey', factorId: factor.id },
  }
  await audit.record('factor.cloned', facts, context)
}

/** What the account's own user is told. Outside production it says why, which is mostly how this server is configured. */
export function refusePasskey(reason: PasskeyRefusal, production: boolean): Problem {
  if (production) return problem('invalid_passkey')
  const hint = reason === 'foreign_origin' ? ': the page is none of PASSKEY_ORIGINS' : ''
  return problem('invalid_passkey', {
    message: `The answer of the passkey is not valid (${reason}${hint})`,
  })
}
