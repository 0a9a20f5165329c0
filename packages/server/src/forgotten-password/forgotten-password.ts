// Forgotten password: the way back in through a verified mailbox. It owns the two routes, the mail and what its link
// says. A reset ends every session and logs nobody in, and an account with a second factor is asked for it.

import { verifiedEmail } from '../accounts/email-address.ts'
import type { AccountStore } from '../accounts/store.ts'
import { minute } from '../foundation/clock.ts'
import { renderMail } from '../mail/content.ts'
import type { LinkMaker } from '../mail/links.ts'
import type { MailKind } from '../mail/outbox.ts'
import type { MailTexts } from '../mail/texts/en.ts'
import type { Tickets } from '../one-time/tickets.ts'
import { checkStanding } from '../accounts/may-act.ts'

/** What stands in the link. */
export interface ResetFacts {
  readonly accountId: string
  /** The account's sessionEpoch: a password change or another reset voids the link. */
  readonly epoch: number
  /** The address that it was sent to: void once the account has another. */
  readonly key: string
}

export const resetLifeMs: number = 30 * minute

export interface ResetMailParts {
  readonly accounts: Pick<AccountStore, 'findAccountByVerifiedEmail'>
  readonly resets: Tickets<ResetFacts>
  readonly links: LinkMaker
  readonly texts: MailTexts
}

/** Posted for every address that somebody types; whether it is anybody's is asked when it would be sent. */
export function resetPasswordMail(parts: ResetMailParts): MailKind<{ readonly key: string }> {
  const { accounts, resets, links, texts } = parts
  return {
    kind: 'reset-password',
    lifeMs: resetLifeMs,
    compose: async ({ key }) => {
      const account = await accounts.findAccountByVerifiedEmail(key)
      if (account === undefined) return undefined
      const email = verifiedEmail(account)
      if (checkStanding(account, { kind: 'password' }) !== 'may_act' || !email) return undefined
      const { id: accountId, sessionEpoch: epoch, username } = account
      const url = links.to('reset-password', resets.issue({ accountId, epoch, key }))
      // To the address that was verified, never to what was typed.
      const facts = { service: links.service, username, url, life: '30 minutes' }
      return renderMail(email.address, texts.resetPassword(facts))
    },
  }
}
