// E-mail factor: the mailbox as a second factor, for those who chose it. It owns how it is added, the mail with its code,
// and the check of that code: it belongs to one waiting log-in, five tries kill it, and it is used once.

import { timingSafeEqual } from 'node:crypto'
import type { Account } from '../accounts/account.ts'
import { verifiedEmail } from '../accounts/email-address.ts'
import type { AccountStore } from '../accounts/store.ts'
import type { ProofCheck } from '../authentication/prove-second-factor.ts'
import type { ChallengeStore } from '../challenges/store.ts'
import { drawDigits } from '../foundation/digits.ts'
import { type Clock, minute } from '../foundation/clock.ts'
import type { MasterSecrets } from '../foundation/master-secret.ts'
import type { Randomness } from '../foundation/randomness.ts'
import { renderMail } from '../mail/content.ts'
import type { LinkMaker } from '../mail/links.ts'
import type { MailKind } from '../mail/outbox.ts'
import type { MailTexts } from '../mail/texts/en.ts'

export interface EmailFactorParts {
  readonly accounts: Pick<AccountStore, 'findAccount'>
  readonly challenges: ChallengeStore
  readonly links: LinkMaker
  readonly texts: MailTexts
  readonly secrets: MasterSecrets
  readonly randomness: Randomness
  readonly clock: Clock
}

const kind = 'second-factor-code'
const lifeMs = 10 * minute
const tries = 5

export interface SecondFactorMailFacts {
  readonly accountId: string
  /** Of the log-in that waits: its code is worth nothing to another one (OWASP ASVS v5.0.0-6.6.2). */
  readonly signInId: string
}

/** Posted for a log-in whose first factor was right. */
export function secondFactorMail(parts: EmailFactorParts): MailKind<SecondFactorMailFacts> {
  return {
    kind,
    lifeMs,
    compose: async ({ accountId, signInId }) => {
      const account = await parts.accounts.findAccount(accountId)
      const email = account && verifiedEmail(account)
      if (!account || !email) return undefined
      const code = drawDigits(parts.randomness)
      const payload = hashCode(parts.secrets, account, signInId, code)
      const expiresAt = parts.clock() + lifeMs
      const challenge = { kind, id: account.id, subject: account.id, attempts: 0 }
      await parts.challenges.putChallenge({ ...challenge, payload, expiresAt })
      const { username } = account
      const facts = { service: parts.links.service, username, code, life: '10 minutes' }
      return renderMail(email.address, parts.texts.secondFactor(facts))
    },
  }
}

export function createEmailCheck(parts: EmailFactorParts): ProofCheck {
  const { challenges, secrets, clock } = parts
  return async ({ account, code, signInId }) => {
    if (signInId === undefined) return undefined
    const challenge = await challenges.attemptChallenge(kind, account.id, tries, clock())
    if (challenge === undefined) return undefined
    const expected = Buffer.from(challenge.payload)
    const actual = Buffer.from(hashCode(secrets, account, signInId, code))
    if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) return undefined
    return () => challenges.spendChallenge(kind, account.id, challenge.payload)
  }
}

function hashCode(
  secrets: MasterSecrets,
  { id, sessionEpoch, verifiedEmailKey }: Account,
  signInId: string,
  code: string,
): string {
  // With the mailbox that it is sent to: a code in one that the account has no more proves nothing.
  const text = JSON.stringify([id, sessionEpoch, verifiedEmailKey, signInId, code])
  return secrets.newest.mac(kind, text)
}
