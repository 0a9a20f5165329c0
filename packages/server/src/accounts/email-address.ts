import { domainToASCII } from 'node:url'
import type { Account } from './account.ts'

/** An address that mail can be sent to. */
export interface EmailAddress {
  /** As it was given, the domain in ASCII: what mails are sent to. */
  readonly address: string
  /** Without case: what is unique. */
  readonly key: string
}

const longest = 254
const longestLocalPart = 64
const localPart = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const domain = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/

/**
 * One mailbox, in ASCII (RFC 5321 section 4.1.2, without quoted strings and address literals). Letters of other scripts in
 * the part before the @ are refused, because some of them become an ASCII letter when their case is folded, and then two
 * mailboxes would have one key.
 */
export function parseEmailAddress(text: string): EmailAddress | undefined {
  // What is longer in another spelling, too, is none; to find its ASCII form takes the square of its length.
  if (text.length > 2 * longest) return undefined
  const at = text.lastIndexOf('@')
  const local = text.slice(0, at)
  // What a URL would take for the end of its host must not be cut off here.
  const typed = text.slice(at + 1)
  const host = /[\s/?#:%@[\]\\]/u.test(typed) ? '' : domainToASCII(typed)
  const address = `${local}@${host}`
  if (at < 1 || local.length > longestLocalPart || address.length > longest) return undefined
  if (!localPart.test(local) || !domain.test(host)) return undefined
  return { address, key: address.toLowerCase() }
}

/** The address that this account has proven to hold: the only one that is written to without being asked. */
export function verifiedEmail(account: Account): EmailAddress | undefined {
  const email = account.email === null ? undefined : parseEmailAddress(account.email)
  // A version that knows no verification may have changed the note.
  return email !== undefined && email.key === account.verifiedEmailKey ? email : undefined
}
