/** What a mail says, before it has a layout. Texts are plain: whatever is in them shows as it stands. */
export interface MailContent {
  readonly subject: string
  readonly paragraphs: readonly string[]
  readonly action?: { readonly label: string; readonly url: string }
  /** To be typed. */
  readonly code?: string
  /** After the action: what to do when the mail was not expected. */
  readonly closing: readonly string[]
}

/** A mail as a transport takes it. */
export interface MailMessage {
  /** One address. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** The one layout of all mails, plain and HTML. No picture, no style sheet, no third party. */
export function renderMail(to: string, content: MailContent): MailMessage {
  const { paragraphs, action, code, closing } = content
  const text = [
    ...paragraphs,
    ...(action ? [`${action.label}:\n${action.url}`] : []),
    ...(code === undefined ? [] : [code]),
    ...closing,
  ]
  const html = [
    ...paragraphs.map(toParagraph),
    ...(action ? [`<p><a href="${escape(action.url)}">${escape(action.label)}</a></p>`] : []),
    ...(code === undefined ? [] : [`<p><strong>${escape(code)}</strong></p>`]),
    ...closing.map(toParagraph),
  ]
  return {
    to,
    subject: content.subject.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' '),
    text: `${text.join('\n\n')}\n`,
    html: `<!doctype html>\n<html><body>\n${html.join('\n')}\n</body></html>\n`,
  }
}

function toParagraph(text: string): string {
  return `<p>${escape(text)}</p>`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
}
