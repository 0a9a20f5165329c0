// Change address: to another mailbox, which confirms it, while the old one is told and can undo it for a week. Undoing
// takes the account back: what whoever changed it may know or have added does not survive.

import { parseEmailAddress, verifiedEmail } from '../accounts/email-address.ts'
import { checkStanding } from '../accounts/may-act.ts'
import type { AccountStore } from '../accounts/store.ts'
import { day, hour } from '../foundation/clock.ts'
import { renderMail } from '../mail/content.ts'
import type { LinkMaker } from '../mail/links.ts'
import type { MailKind } from '../mail/outbox.ts'
import type { MailTexts } from '../mail/texts/en.ts'
import type { Tickets } from '../one-time/tickets.ts'

export interface ChangeFacts {
  readonly accountId: string
  readonly epoch: number
  /** The account's `email` when the change was asked for. */
  readonly seen: string | null
  readonly email: string
}

export interface UndoFacts {
  readonly accountId: string
  readonly email: string
  /** When the address was changed: second factors that were there before are asked for. */
  readonly changedAt: number
}

export const changeLifeMs: number = 24 * hour
export const undoLifeMs: number = 7 * day

export interface ChangeMailParts {
  readonly accounts: Pick<AccountStore, 'findAccount' | 'findAccountByVerifiedEmail'>
  readonly changes: Tickets<ChangeFacts>
  readonly undos: Tickets<UndoFacts>
  readonly links: LinkMaker
  readonly texts: MailTexts
}

export function changeEmailMail(parts: ChangeMailParts): MailKind<ChangeFacts> {
  const { accounts, changes, links, texts } = parts
  const { service } = links
  return {
    kind: 'change-email',
    lifeMs: changeLifeMs,
    compose: async (facts) => {
      const account = await accounts.findAccount(facts.accountId)
      const email = parseEmailAddress(facts.email)
      const standing = checkStanding(account, { kind: 'session', epoch: facts.epoch })
      if (account === undefined || !email || standing !== 'may_act') return undefined
      const owner = await accounts.findAccountByVerifiedEmail(email.key)
      if (owner && owner.id !== account.id) {
        const to = verifiedEmail(owner)?.address
        const used = texts.addressInUse({ service, url: links.to('sign-in') })
        return to === undefined ? undefined : renderMail(to, used)
      }
      const url = links.to('change-email', changes.issue(facts))
      const { username } = account
      return renderMail(
        email.address,
        texts.changeEmail({ service, username, url, life: '24 hours' }),
      )
    },
  }
}

export interface ChangedFacts extends UndoFacts {
  readonly username: string
  readonly newEmail: string
}

/** To the address that was verified until then. */
export function emailChangedMail(parts: ChangeMailParts): MailKind<ChangedFacts> {
  const { undos, links, texts } = parts
  return {
    kind: 'email-changed',
    lifeMs: undoLifeMs,
    compose: async ({ username, newEmail, ...undo }) => {
      const url = links.to('undo-email', undos.issue(undo))
      const facts = { service: links.service, username, address: newEmail, url, life: '7 days' }
      return renderMail(undo.email, texts.emailChanged(facts))
    },
  }
}
