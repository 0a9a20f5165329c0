// Sign-in by mail: a six-digit code and a link, both for one log-in. It owns the routes, the mail and the code's rules: it
// belongs to the request that asked for it, a newer one replaces it, five tries kill it, and one log-in spends it. The
// mailbox is one factor: an account with another is asked for it.

import { timingSafeEqual } from 'node:crypto'
import type { Account } from '../accounts/account.ts'
import { verifiedEmail } from '../accounts/email-address.ts'
import { checkStanding } from '../accounts/may-act.ts'
import type { AccountStore } from '../accounts/store.ts'
import type { ChallengeStore } from '../challenges/store.ts'
import { type Clock, minute } from '../foundation/clock.ts'
import { drawDigits } from '../foundation/digits.ts'
import type { MasterSecrets } from '../foundation/master-secret.ts'
import type { Randomness } from '../foundation/randomness.ts'
import { renderMail } from '../mail/content.ts'
import type { LinkMaker } from '../mail/links.ts'
import type { MailKind } from '../mail/outbox.ts'
import type { MailTexts } from '../mail/texts/en.ts'
import type { Tickets } from '../one-time/tickets.ts'

/** What whoever asks for a code gets, whether the address is anybody's or not. */
export interface CodeRequest {
  readonly key: string
}

/** What stands in the link: the request and its code. */
export interface CodeLink {
  readonly key: string
  readonly request: string
  readonly code: string
}

/** OWASP ASVS v5.0.0-6.5.5. */
export const codeLifeMs: number = 10 * minute

export interface CodeParts {
  readonly accounts: Pick<AccountStore, 'findAccountByVerifiedEmail'>
  readonly challenges: ChallengeStore
  readonly codeRequests: Tickets<CodeRequest>
  readonly codeLinks: Tickets<CodeLink>
  readonly links: LinkMaker
  readonly texts: MailTexts
  readonly secrets: MasterSecrets
  readonly randomness: Randomness
  readonly clock: Clock
}

const kind = 'sign-in-code'
const tries = 5
/** Nobody brings as many in ten minutes. */
const unlimited = 2 ** 31 - 1
const nobody = 'nobody'

export interface CodeMailFacts {
  readonly key: string
  readonly request: string
}

export function signInMail(parts: CodeParts): MailKind<CodeMailFacts> {
  const { accounts, codeLinks, links, texts } = parts
  return {
    kind: 'sign-in',
    lifeMs: codeLifeMs,
    compose: async ({ key, request }) => {
      const account = await accounts.findAccountByVerifiedEmail(key)
      const email = account && verifiedEmail(account)
      if (!account || !email || checkStanding(account, { kind: 'password' }) !== 'may_act') {
        return undefined
      }
      const code = drawDigits(parts.randomness)
      await parts.challenges.putChallenge({
        kind,
        id: account.id,
        subject: account.id,
        payload: hashCode(parts.secrets, account, request, code),
        attempts: 0,
        expiresAt: parts.clock() + codeLifeMs,
      })
      const url = links.to('sign-in-link', codeLinks.issue({ key, request, code }))
      const { username } = account
      const facts = { service: links.service, username, url, code, life: '10 minutes' }
      return renderMail(email.address, texts.signIn(facts))
    },
  }
}

/**
 * The account whose code this is; its code is spent. The same statements run whether the address is anybody's or not.
 * @param from of a link: we sealed it, so it is no guess, and the wrong codes of strangers do not end it
 */
export async function redeemCode(
  parts: CodeParts,
  { key, request, code }: CodeLink,
  from: 'code' | 'link',
): Promise<Account | undefined> {
  const account = await parts.accounts.findAccountByVerifiedEmail(key)
  const id = account?.id ?? nobody
  const most = from === 'code' ? tries : unlimited
  const challenge = await parts.challenges.attemptChallenge(kind, id, most, parts.clock())
  if (account === undefined || challenge === undefined) return undefined
  const expected = Buffer.from(challenge.payload)
  const actual = Buffer.from(hashCode(parts.secrets, account, request, code))
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) return undefined
  if (checkStanding(account, { kind: 'password' }) !== 'may_act') return undefined
  const isSpent = await parts.challenges.spendChallenge(kind, id, challenge.payload)
  return isSpent ? account : undefined
}

/** Bound to the request and to the account's epoch: a code of another request, or of before a password change, is none. */
function hashCode(
  secrets: MasterSecrets,
  { id, sessionEpoch }: Account,
  request: string,
  code: string,
): string {
  const text = JSON.stringify([id, sessionEpoch, request, code])
  return secrets.newest.mac(kind, text)
}
