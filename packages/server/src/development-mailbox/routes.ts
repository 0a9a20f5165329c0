// Development mailbox: the mails that nobody was sent, as a page. There is no such route in production, nor with SMTP_URL.

import { createHash } from 'node:crypto'
import { escape } from '../mail/content.ts'
import type { DevelopmentMailbox } from '../mail/development-mailbox.ts'
import { problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import { defineRoute, type Route } from '../routing/route.ts'

// A link is one long word; a mailbox on a phone's screen is to show it whole.
const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 42rem; padding: 0 1rem }
article { border-top: 1px solid; margin-top: 2rem }
h2 { font-size: 1.125rem; overflow-wrap: anywhere }
pre { overflow-wrap: anywhere; white-space: pre-wrap }
`
const styleHash = createHash('sha256').update(style).digest('base64')
const contentSecurityPolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

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
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': contentSecurityPolicy,
        },
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
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>Mailbox</title><style>${style}</style></head><body><h1>Mailbox</h1>`,
    body,
    '</body></html>\n',
  ].join('\n')
}

function link(escaped: string): string {
  return escaped.replaceAll(/^https?:\/\/\S+$/gm, (url) => `<a href="${url}">${url}</a>`)
}
