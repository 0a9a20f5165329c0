import type { Enrollment, FactorChanges } from '../authentication/change-factors.ts'
import { isSecondFactor } from '../factors/factor.ts'
import type { Randomness } from '../foundation/randomness.ts'
import { type Problem, problem } from '../http/problems.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import { recoveryCodesAddedSchema } from '../routing/schemas.ts'
import { drawRecoverySet } from './recovery-codes.ts'

export interface RecoveryCodesParts {
  readonly factorChanges: Pick<FactorChanges, 'add'>
  readonly randomness: Randomness
}

export function recoveryCodesRoutes({ factorChanges, randomness }: RecoveryCodesParts): Route[] {
  const make = defineRoute(
    {
      method: 'POST',
      path: '/api/auth/mfa/recovery-codes',
      operationId: 'makeRecoveryCodes',
      tag: 'Second factors',
      summary: 'Make ten recovery codes',
      description:
        'They are shown this once, each is good for one log-in in place of a second factor, and those made before are ' +
        'void. Every other session ends and every earlier access token is dead, the one of this call included: go on ' +
        'with the token of the answer.',
      access: 'bearer',
      recentAuthentication: true,
      counting: 'caller',
      success: { status: 200, description: 'The codes', schema: recoveryCodesAddedSchema },
      problems: ['no_second_factor', 'too_many_factors'],
    },
    ({ principal, context }) => {
      const { account } = principal
      const { codes, secret } = drawRecoverySet(account.id, randomness)
      const factor = {
        kind: 'recovery',
        name: 'Recovery codes',
        externalId: `recovery ${account.id} ${account.factorEpoch}`,
        secret,
        counter: 0,
        replaces: true,
      } as const
      const added = { factor, check: requireSecondFactor, members: { recoveryCodes: codes } }
      return factorChanges.add({ principal }, added, context)
    },
  )
  return [make]
}

/** The codes stand in for a factor: without one there is nothing to stand in for. */
function requireSecondFactor({ factors }: Enrollment): Problem | undefined {
  return factors.some(({ kind }) => isSecondFactor(kind)) ? undefined : problem('no_second_factor')
}
