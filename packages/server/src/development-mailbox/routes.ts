// Development mailbox: the mails that nobody was sent, as a page. There is no such route in production, nor with SMTP_URL.

import { escape } from '../mail/content.ts'
import type { DevelopmentMailbox } from '../mail/development-mailbox.ts'
import { problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import { defineRoute, type Route } from '../routing/route.ts'

export function developmentMailboxRoutes(mailbox: DevelopmentMailbox | undefined): Route[] {
  if (mailbox === undefined) return []
  const page = defineRoute(
    {
      method: 'GET',
      path: '/dev/mailbox',
      operationId: 'developmentMailbox',
      tag: 'Development',
      summary: 'Mails that would have been sent',
      description: 'Without SMTP_URL, outside production, and for callers on this machine alone.',
      access: 'anyone',
      counting: 'none',
      success: { status: 200, description: 'A page', contentType: 'text/html' },
      problems: ['not_found'],
    },
    ({ context }) => {
      if (!isFromThisMachine(context)) return problem('not_found')
      return {
        status: 200,
        raw: render(mailbox),
        headers: { 'content-type': 'text/html; charset=utf-8' },
      }
    },
  )
  return [page]
}

/**
 * The links in it open accounts: no proxy on this machine may show it to others either, nor a page of theirs whose name
 * they point at this machine (DNS rebinding).
 */
function isFromThisMachine({ source, ip }: RequestContext): boolean {
  const isForwarded = ['forwarded', 'x-forwarded-for', 'via'].some(
    (name) => source.header(name) !== undefined,
  )
  const isCalledSo = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i.test(source.header('host') ?? '')
  return !isForwarded && isCalledSo && (ip === '::1' || /^(::ffff:)?127\./.test(ip))
}

function render(mailbox: DevelopmentMailbox): string {
  const mails = mailbox
    .messages()
    .map(
      ({ to, subject, text }) =>
        `<article><h2>${escape(subject)}</h2><p>To: ${escape(to)}</p><pre>${link(escape(text))}</pre></article>`,
    )
  const body = mails.length === 0 ? '<p>No mail yet.</p>' : mails.join('\n')
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Mailbox</title></head><body><h1>Mailbox</h1>\n${body}\n</body></html>\n`
}

function link(escaped: string): string {
  return escaped.replaceAll(/^https?:\/\/\S+$/gm, (url) => `<a href="${url}">${url}</a>`)
}
