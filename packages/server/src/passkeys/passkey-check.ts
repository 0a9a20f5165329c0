import type { AuditLog } from '../audit/audit-log.ts'
import type { ProofCheck } from '../authentication/prove-second-factor.ts'
import { type AssertionParts, checkAssertion } from './check-assertion.ts'
import { recordClone } from './record-refusal.ts'

export interface PasskeyCheckParts extends AssertionParts {
  readonly audit: AuditLog
}

/** For an account that has proven something else: that it holds the passkey is enough then. */
export function createPasskeyCheck(
  parts: PasskeyCheckParts,
  purpose: 'secondFactor' | 'recovery',
): ProofCheck {
  const challenges = parts.relyingParty.challenges[purpose]
  return async ({ account, response, context }) => {
    if (response === undefined) return false
    const expected = { challenges, accountId: account.id, userVerification: false }
    const checked = await checkAssertion(parts, response, expected)
    if (checked.ok) return true
    await recordClone(parts.audit, checked, context)
    return false
  }
}
