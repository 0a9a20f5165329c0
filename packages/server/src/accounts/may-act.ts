import type { Account } from './account.ts'

/** What the principal presents: the epoch that a session or a token copied from the account. */
export type PresentedEpoch =
  | { readonly kind: 'session'; readonly epoch: number }
  | { readonly kind: 'token'; readonly epoch: number }
  /** A password that was just verified: there is no epoch yet. */
  | { readonly kind: 'password' }

export type Standing = 'may_act' | 'gone' | 'disabled' | 'epoch_over'

/**
 * The one answer to "may this principal act now?". Every flow asks here, so that a disabled, deleted or revoked
 * principal is refused everywhere or nowhere.
 */
export function checkStanding(account: Account | undefined, presented: PresentedEpoch): Standing {
  if (account === undefined) return 'gone'
  if (account.disabled) return 'disabled'
  switch (presented.kind) {
    case 'session':
      return presented.epoch < account.sessionEpoch ? 'epoch_over' : 'may_act'
    case 'token':
      return presented.epoch < account.tokenEpoch ? 'epoch_over' : 'may_act'
    case 'password':
      return 'may_act'
  }
}
