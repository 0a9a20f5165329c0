import type { MailContent } from '../content.ts'

/** What a text may speak of. */
export interface MailFacts {
  readonly service: string
  readonly username: string
  readonly url: string
  readonly code: string
  /** How long the link or code is good. */
  readonly life: string
  readonly when: string
  readonly ip: string
  readonly client: string
  readonly address: string
}

type Text<Facts extends keyof MailFacts> = (
  facts: Pick<MailFacts, Facts | 'service'>,
) => MailContent

/** Every text of every mail: another language is another file of this shape. */
export interface MailTexts {
  readonly resetPassword: Text<'username' | 'url' | 'life'>
  readonly verifyEmail: Text<'username' | 'url' | 'life'>
  readonly addressInUse: Text<'url'>
  readonly changeEmail: Text<'username' | 'url' | 'life'>
  readonly emailChanged: Text<'username' | 'address' | 'url' | 'life'>
  readonly signIn: Text<'username' | 'url' | 'code' | 'life'>
  readonly secondFactor: Text<'username' | 'code' | 'life'>
  readonly notice: (
    facts: Pick<MailFacts, 'service' | 'username' | 'when' | 'ip' | 'client' | 'url'> & {
      readonly event: NoticeKind
    },
  ) => MailContent
}

export type NoticeKind =
  | 'password_changed'
  | 'password_reset'
  | 'factor_added'
  | 'factor_removed'
  | 'recovery_code_used'
  | 'passkey_cloned'
  | 'session_theft'
  | 'new_device'
  | 'attempts_exceeded'
  | 'account_deleted'
  | 'address_taken_back'

const notices: Readonly<Record<NoticeKind, readonly [subject: string, what: string]>> = {
  password_changed: ['Your password was changed', 'The password of your account was changed.'],
  password_reset: ['Your password was reset', 'The password of your account was reset by a mail.'],
  factor_added: ['A second factor was added', 'A second factor was added to your account.'],
  factor_removed: ['A second factor was removed', 'A second factor of your account was removed.'],
  recovery_code_used: [
    'A recovery code was used',
    'One of the recovery codes of your account was used in place of a second factor.',
  ],
  passkey_cloned: [
    'Somebody may have a copy of your passkey',
    'A passkey of your account was used in a way that only a copy of its device can be. The log-in was refused: remove this passkey from your account and add another.',
  ],
  session_theft: [
    'Somebody used a copy of your session',
    'An old refresh token of one of your sessions was used again. The session has been ended.',
  ],
  new_device: ['A new device logged in', 'Your account was logged in to from a new device.'],
  attempts_exceeded: [
    'Too many attempts to log in',
    'There were too many failed attempts to log in to your account. More from there are refused for a while.',
  ],
  account_deleted: ['Your account was deleted', 'Your account and its data were deleted.'],
  address_taken_back: [
    'Your account was taken back by an address of before',
    'The change to your address was undone. Your account has an address of before and a new password.',
  ],
}

const ignore = 'If you did not ask for this, do nothing: without the link nothing happens.'

export const en: MailTexts = {
  resetPassword: ({ service, username, url, life }) => ({
    subject: `Reset your ${service} password`,
    paragraphs: [`Somebody asked to reset the password of ${username}.`],
    action: { label: `Choose a new password (good for ${life}, once)`, url },
    closing: [ignore],
  }),
  verifyEmail: ({ service, username, url, life }) => ({
    subject: `Confirm your address for ${service}`,
    paragraphs: [`The account ${username} says that this is its address.`],
    action: { label: `Confirm it (good for ${life}, once)`, url },
    closing: ['If you have no such account, do nothing: it stays without your address.'],
  }),
  addressInUse: ({ service, url }) => ({
    subject: `You already have a ${service} account`,
    paragraphs: ['Somebody registered with your address. You have an account already.'],
    action: { label: 'If it was you, log in or reset your password here', url },
    closing: ['If it was not you, do nothing: nobody else can use your address.'],
  }),
  changeEmail: ({ service, username, url, life }) => ({
    subject: `Confirm your new address for ${service}`,
    paragraphs: [`The account ${username} wants to use this address from now on.`],
    action: { label: `Confirm it (good for ${life}, once)`, url },
    closing: [ignore],
  }),
  emailChanged: ({ service, username, address, url, life }) => ({
    subject: `The address of your ${service} account was changed`,
    paragraphs: [`The account ${username} now has the address ${address}.`],
    action: { label: `If it was not you, take your account back (good for ${life}, once)`, url },
    closing: ['If it was you, there is nothing to do.'],
  }),
  signIn: ({ service, username, url, code, life }) => ({
    subject: `${code} is your ${service} code`,
    paragraphs: [`Log in as ${username} with this code, good for ${life}:`],
    code,
    action: { label: 'Or with this link, once', url },
    closing: ['Tell the code nobody. If you did not ask for it, do nothing.'],
  }),
  secondFactor: ({ service, username, code, life }) => ({
    subject: `${code} is your ${service} code`,
    paragraphs: [
      `Somebody logs in as ${username} and knows the password. The code, good for ${life}:`,
    ],
    code,
    closing: ['Tell it nobody. If it is not you, change your password: somebody has it.'],
  }),
  notice: ({ service, username, event, when, ip, client, url }) => {
    const [subject, what] = notices[event]
    return {
      subject: `${subject} (${service})`,
      paragraphs: [what, `Account: ${username}`, `Time: ${when}`, `From: ${ip}, ${client}`],
      action: { label: 'If it was not you, reset your password here', url },
      closing: [],
    }
  },
}
