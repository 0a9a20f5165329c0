// Account pages: where the links of mails lead when ACCOUNT_PAGES_URL names no pages of your own. A page shows what its
// link is for and does it when the button is pressed; opening it does nothing.

import { readFileSync } from 'node:fs'
import { problem } from '../http/problems.ts'
import type { Answer } from '../http/reply.ts'
import { defineRoute, type Route } from '../routing/route.ts'

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

// Beside src and dist: the browser loads these files as they are.
const directory = new URL('../../account-page/', import.meta.url)
type PageFile = readonly [file: string, contentType: string]
const page: PageFile = ['index.html', 'text/html; charset=utf-8']

const files: ReadonlyMap<string, PageFile> = new Map<string, PageFile>([
  ['reset-password', page],
  ['verify-email', page],
  ['change-email', page],
  ['undo-email', page],
  ['sign-in-link', page],
  ['sign-in', page],
  ['main.js', ['main.js', 'text/javascript; charset=utf-8']],
  ['style.css', ['style.css', 'text/css; charset=utf-8']],
])

export function accountPagesRoutes(): Route[] {
  const show = defineRoute(
    {
      method: 'GET',
      path: '/account/{page}',
      operationId: 'accountPage',
      tag: 'Pages',
      summary: 'The page that a mail’s link leads to',
      parameters: { page: 'Of an act, such as `reset-password`, or a part of it' },
      access: 'anyone',
      counting: 'none',
      success: { status: 200, description: 'A page', contentType: '*/*' },
      problems: ['not_found'],
    },
    ({ params }) => answerFile(params['page'] ?? ''),
  )
  return [show]
}

function answerFile(name: string): Answer {
  const found = files.get(name)
  if (found === undefined) return problem('not_found')
  const [file, contentType] = found
  return {
    status: 200,
    raw: new Uint8Array(readFileSync(new URL(file, directory))),
    headers: { 'content-type': contentType, 'content-security-policy': contentSecurityPolicy },
  }
}
