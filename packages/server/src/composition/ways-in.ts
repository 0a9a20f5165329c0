import { accountPagesRoutes } from '../account-pages/routes.ts'
import { ownFactorsRoutes } from '../own-factors/routes.ts'
import { type PasskeyParts, passkeyRoutes } from '../passkeys/routes.ts'
import type { Route } from '../routing/route.ts'
import { recoveryCodesRoutes } from '../recovery-codes/routes.ts'
import { type SecondStepParts, secondStepRoutes } from '../second-step/routes.ts'
import { type SignInRouteParts, signInRoutes } from '../sign-in/routes.ts'
import { type StepUpParts, stepUpRoutes } from '../step-up/routes.ts'
import { totpRoutes } from '../totp/routes.ts'
import type { Base } from './base.ts'
import {
  buildCompletion,
  buildFactorChanges,
  buildProofChecks,
  buildRecoveryProof,
} from './completion.ts'
import { buildMailing, type MailFlowParts, type Mailing, mailRoutes } from './mailing.ts'
import { buildRelyingParty } from './passkeys.ts'
import type { Services } from './services.ts'
import type { State } from './state.ts'

/** What the flows share; the parts that are made here are theirs alone. */
export type WaysInParts = Omit<
  SignInRouteParts & StepUpParts & SecondStepParts & PasskeyParts & MailFlowParts,
  'completion' | 'checks' | 'store' | 'accounts' | 'factors' | 'factorChanges' | 'relyingParty'
>

export interface WaysIn {
  readonly routes: readonly Route[]
  /** Undefined where mails go nowhere. */
  readonly mailing: Mailing | undefined
}

/** Every way to log in, the factors that they ask for, and the mails that some of them need. */
export function buildWaysIn(
  base: Base,
  state: State,
  services: Services,
  common: WaysInParts,
): WaysIn {
  const { store } = state
  const { signInByMail, serviceName } = base.settings
  const completion = buildCompletion(base, state, services)
  const factorChanges = buildFactorChanges(base, state, services, completion)
  const relyingParty = buildRelyingParty(base, state)
  const checks = buildProofChecks(base, state, services, relyingParty)
  const prove = buildRecoveryProof(base, state, services, relyingParty, checks)
  const mailing = buildMailing(base, state, services, prove)
  const stores = { accounts: store, factors: store, challenges: store, store }
  const parts = {
    ...common,
    ...stores,
    completion,
    factorChanges,
    checks,
    relyingParty,
    serviceName,
  }
  const routes = [
    ...signInRoutes(parts),
    ...stepUpRoutes(parts),
    ...secondStepRoutes(parts),
    ...ownFactorsRoutes(parts),
    ...totpRoutes(parts),
    ...recoveryCodesRoutes(parts),
    ...passkeyRoutes(parts),
    ...(mailing
      ? [...mailRoutes(mailing, { ...parts, signInByMail }), ...accountPagesRoutes()]
      : []),
  ]
  return { routes, mailing }
}
