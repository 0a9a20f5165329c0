// Notices: mails that nobody asked for and everybody wants, because something happened to an account. It owns which audit
// events are told; the flows know nothing of it.

import type { Account } from '../accounts/account.ts'
import { verifiedEmail } from '../accounts/email-address.ts'
import type { AccountStore } from '../accounts/store.ts'
import type { AuditOrigin } from '../audit/audit-log.ts'
import type { AuditEvent, AuditType } from '../audit/event.ts'
import { day, toTimestamp } from '../foundation/clock.ts'
import type { Logger } from '../foundation/logger.ts'
import type { AttemptLimits } from '../limits/attempt-limits.ts'
import { type MailMessage, renderMail } from '../mail/content.ts'
import type { LinkMaker } from '../mail/links.ts'
import type { MailKind, PostMail } from '../mail/outbox.ts'
import type { MailTexts, NoticeKind } from '../mail/texts/en.ts'
import { nameClient } from './name-client.ts'

export interface NoticeFacts {
  readonly accountId: string
  readonly event: NoticeKind
  readonly at: number
  readonly ip: string | null
  readonly userAgent: string | null
  /** For an account that is gone by now, or has this address no more. */
  readonly gone?: { readonly address: string; readonly username: string }
}

export interface NoticeParts {
  readonly accounts: Pick<AccountStore, 'findAccount'>
  readonly links: LinkMaker
  readonly texts: MailTexts
}

export function noticeMail(parts: NoticeParts): MailKind<NoticeFacts> {
  return {
    kind: 'notice',
    lifeMs: 7 * day,
    compose: async (facts) => {
      const { gone } = facts
      if (gone) return write(parts, facts, gone.username, gone.address)
      const account = await parts.accounts.findAccount(facts.accountId)
      const address = account && verifiedEmail(account)?.address
      if (account === undefined || address === undefined) return undefined
      return write(parts, facts, account.username, address)
    },
  }
}

function write(
  { links, texts }: NoticeParts,
  { event, at, ip, userAgent }: NoticeFacts,
  username: string,
  address: string,
): MailMessage {
  const content = texts.notice({
    service: links.service,
    username,
    event,
    when: toTimestamp(at),
    ip: ip ?? 'the service itself',
    client: nameClient(userAgent),
    url: links.to('reset-password'),
  })
  return renderMail(address, content)
}

const told: Readonly<Partial<Record<AuditType, NoticeKind>>> = {
  'password.changed': 'password_changed',
  'password.set_by_admin': 'password_changed',
  'password.reset': 'password_reset',
  'factor.added': 'factor_added',
  'factor.removed': 'factor_removed',
  'factor.used_recovery': 'recovery_code_used',
  'factor.cloned': 'passkey_cloned',
  'session.theft': 'session_theft',
  'limit.exceeded': 'attempts_exceeded',
  'sign_in.many_addresses': 'attempts_exceeded',
}

export interface NoticeSenderParts extends NoticeParts {
  readonly post: PostMail
  readonly attempts: AttemptLimits
  readonly logger: Logger
}

/**
 * Posts what an event asks for. Waited for by whoever records it, so that no crash loses a warning. One notice is not: that
 * of too many attempts, which anybody can bring about for any name. The answer would take longer for names that somebody
 * has, so it is seen to after the answer. And it is written once a day, or an attack would fill the mailbox.
 */
export function createNotices(parts: NoticeSenderParts): (event: AuditEvent) => Promise<void> {
  const { post, attempts, logger } = parts
  const mail = noticeMail(parts)
  const warnOnce = async (facts: NoticeFacts): Promise<void> => {
    const limit = { count: 1, windowMs: day }
    const turn = await attempts.reserve('notice', [facts.event, facts.accountId], limit)
    if (turn.granted) await post(mail, facts)
  }
  const warn = (facts: NoticeFacts): void => {
    warnOnce(facts).catch((error: unknown) => logger.error({ err: error }, 'A notice was lost'))
  }
  return async ({ type, subjectId, at, ip, userAgent, detail }) => {
    const event = detail['newDevice'] === true ? 'new_device' : told[type]
    if (event === undefined || subjectId === null) return
    const facts = { accountId: subjectId, event, at, ip, userAgent }
    if (event !== 'attempts_exceeded') await post(mail, facts)
    else setImmediate(warn, facts)
  }
}

/** Tells the mailbox that an account had until then. */
export function createFormerAddressNotice(
  parts: NoticeParts,
  post: PostMail,
  event: 'account_deleted' | 'address_taken_back',
): (
  account: Account,
  address: string,
  origin: AuditOrigin & { receivedAt?: number },
) => Promise<void> {
  const mail = noticeMail(parts)
  return (account, address, { ip, userAgent }) =>
    post(mail, {
      accountId: account.id,
      event,
      at: account.updatedAt,
      ip,
      userAgent,
      gone: { address, username: account.username },
    })
}
