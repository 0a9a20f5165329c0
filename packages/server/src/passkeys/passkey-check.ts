import type { AuditLog } from '../audit/audit-log.ts'
import type { ProofCheck } from '../authentication/prove-second-factor.ts'
import { type AssertionParts, type AssertionRefused, examineAssertion } from './check-assertion.ts'
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
    if (response === undefined) return undefined
    const refuse = (refused: AssertionRefused) => recordClone(parts.audit, refused, context)
    const expected = { challenges, accountId: account.id, userVerification: false }
    const examined = await examineAssertion(parts, response, expected)
    if (!examined.ok) {
      await refuse(examined)
      return undefined
    }
    return async () => {
      const used = await examined.spend()
      if (!used.ok) await refuse(used)
      return used.ok
    }
  }
}
