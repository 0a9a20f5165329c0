import { isLoopback } from './origins.ts'
import type { OptionReader } from './read-option.ts'
import type { Settings, SmtpSettings } from './settings.ts'

type MailSettings = Pick<Settings, 'smtp' | 'mailFrom' | 'accountPagesUrl' | 'serviceName'>

const address = String.raw`[^\s@<>",;:\p{Cc}]+@[^\s@<>",;:\p{Cc}]+`
const from = new RegExp(String.raw`^(?:[^<>"\p{Cc}]{1,100} <${address}>|${address})$`, 'u')

/** Where mails go, whom they come from, and where their links lead. */
export function checkMail(
  reader: OptionReader,
  { production, publicUrl }: { readonly production: boolean; readonly publicUrl: string },
): MailSettings {
  const smtp = readSmtp(reader)
  const mailFrom = reader.text('mailFrom') ?? ''
  if (smtp !== undefined && mailFrom === '') {
    reader.refuse('mailFrom', 'SMTP_URL needs it: write MAIL_FROM=accounts@example.com.')
  }
  if (mailFrom !== '' && !from.test(mailFrom)) {
    reader.refuse('mailFrom', 'It is no sender: write an address, or Name <address>.')
  }
  const serviceName = reader.text('serviceName') ?? 'Countersign'
  if (/[\p{Cc}<>]/u.test(serviceName) || serviceName.length > 60) {
    reader.refuse('serviceName', 'It has 60 characters at most, without line breaks, < and >.')
  }
  return { smtp, mailFrom, serviceName, accountPagesUrl: readPages(reader, production, publicUrl) }
}

function readPages(reader: OptionReader, production: boolean, publicUrl: string): string {
  const fallback = `${publicUrl}/account`
  const text = reader.text('accountPagesUrl')
  if (text === undefined) return fallback
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPage =
    url && /^https?:$/.test(url.protocol) && `${url.search}${url.hash}${url.username}` === ''
  if (!isPage) {
    reader.refuse('accountPagesUrl', 'It is no page: write it as https://app.example.com/account.')
    return fallback
  }
  if (production && url.protocol === 'http:' && !isLoopback(text)) {
    reader.refuse(
      'accountPagesUrl',
      'Over http anybody on the way reads the links: write https://.',
    )
  }
  // As a browser reads it: it drops tabs and line breaks, and turns backslashes round.
  return url.href.replace(/\/+$/, '')
}

function readSmtp(reader: OptionReader): SmtpSettings | undefined {
  const text = reader.text('smtpUrl')
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^smtps?:$/.test(url.protocol) || url.hostname === '' || url.search !== '') {
    reader.refuse('smtpUrl', 'It is no mail server: write smtp://<user>:<password>@<host>:587.')
    return undefined
  }
  const secure = url.protocol === 'smtps:'
  const user = decode(url.username)
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    user,
    password: decode(url.password),
    // A password never goes over the network in the clear.
    requiresTls: !secure && user !== undefined && !isLoopback(`http://${url.host}`),
  }
}

function decode(part: string): string | undefined {
  return part === '' ? undefined : decodeURIComponent(part)
}
