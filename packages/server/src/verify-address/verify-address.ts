// Verify address: how an account proves that its address is its own. The link shows who holds the mailbox, and nothing
// about who made the account: a stranger may have registered with it. So the link comes with the account's password, and
// everything stays, or with a new one, and what was there before (password, sessions, second factors) does not survive.
// The second is for the address that an account was registered with alone: one that is added later may be mistyped, and
// whoever reads that mailbox must not get the account.

import { parseEmailAddress, verifiedEmail } from '../accounts/email-address.ts'
import type { AccountStore } from '../accounts/store.ts'
import { checkStanding } from '../accounts/may-act.ts'
import { hour } from '../foundation/clock.ts'
import { renderMail } from '../mail/content.ts'
import type { LinkMaker } from '../mail/links.ts'
import type { MailKind } from '../mail/outbox.ts'
import type { MailTexts } from '../mail/texts/en.ts'
import type { Tickets } from '../one-time/tickets.ts'

/** What stands in the link. */
export interface VerificationFacts {
  readonly accountId: string
  readonly epoch: number
  /** The account's `email` as it was written to. */
  readonly email: string
  /** Whether the mailbox may have the account without knowing its password. */
  readonly takesOver: boolean
}

export const verificationLifeMs: number = 24 * hour

export interface VerificationMailParts {
  readonly accounts: Pick<AccountStore, 'findAccount' | 'findAccountByVerifiedEmail'>
  readonly verifications: Tickets<VerificationFacts>
  readonly links: LinkMaker
  readonly texts: MailTexts
}

export interface VerificationMailFacts {
  readonly accountId: string
  /** The account's `email` when the mail was asked for. */
  readonly email: string
  readonly takesOver: boolean
}

/**
 * To the address that it was asked for, while the account has it: it is that address which may take the account over, and
 * that mailbox whose mails were counted. A mail may wait for hours, and the address be another by then.
 */
export function verifyEmailMail(parts: VerificationMailParts): MailKind<VerificationMailFacts> {
  const { accounts, verifications, links, texts } = parts
  const { service } = links
  return {
    kind: 'verify-email',
    lifeMs: verificationLifeMs,
    compose: async ({ accountId, email: written, takesOver }) => {
      const account = await accounts.findAccount(accountId)
      if (account === undefined || checkStanding(account, { kind: 'password' }) !== 'may_act') {
        return undefined
      }
      const email = account.email === written ? parseEmailAddress(written) : undefined
      if (email === undefined || verifiedEmail(account)) return undefined
      const owner = await accounts.findAccountByVerifiedEmail(email.key)
      if (owner) {
        // Only the mailbox is told that it has an account already.
        const to = verifiedEmail(owner)?.address
        return to === undefined
          ? undefined
          : renderMail(to, texts.addressInUse({ service, url: links.to('sign-in') }))
      }
      const { username, sessionEpoch: epoch } = account
      const token = verifications.issue({ accountId, epoch, email: written, takesOver })
      const url = links.to('verify-email', token)
      return renderMail(
        email.address,
        texts.verifyEmail({ service, username, url, life: '24 hours' }),
      )
    },
  }
}
