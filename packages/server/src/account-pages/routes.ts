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
const pages: ReadonlySet<string> = new Set([
  'reset-password',
  'verify-email',
  'change-email',
  'undo-email',
  'sign-in-link',
  'sign-in',
])

const scriptFiles = {
  'main.js': { operationId: 'accountPageScript', summary: 'What the account pages do' },
  'fields.js': { operationId: 'accountPageFields', summary: 'The fields of the account pages' },
  'second-factor.js': {
    operationId: 'accountPageSecondFactor',
    summary: 'How the account pages ask for a second factor',
  },
  'passkey.js': {
    operationId: 'accountPagePasskey',
    summary: 'How the account pages ask for a passkey',
  },
}

const common = { method: 'GET', tag: 'Pages', access: 'anyone', counting: 'none' } as const

export function accountPagesRoutes(): Route[] {
  const page = defineRoute(
    {
      ...common,
      path: '/account/{page}',
      operationId: 'accountPage',
      summary: 'The page that a mail’s link leads to',
      parameters: { page: 'Of an act, such as `reset-password`' },
      success: { status: 200, description: 'A page', contentType: 'text/html' },
      problems: ['not_found'],
    },
    ({ params }) =>
      pages.has(params['page'] ?? '')
        ? answerFile('index.html', 'text/html')
        : problem('not_found'),
  )
  const scripts = Object.entries(scriptFiles).map(([file, { operationId, summary }]) =>
    defineRoute(
      {
        ...common,
        path: `/account/${file}`,
        operationId,
        summary,
        success: { status: 200, description: 'A script', contentType: 'text/javascript' },
        problems: [],
      },
      () => answerFile(file, 'text/javascript'),
    ),
  )
  const style = defineRoute(
    {
      ...common,
      path: '/account/style.css',
      operationId: 'accountPageStyle',
      summary: 'How the account pages look',
      success: { status: 200, description: 'A style sheet', contentType: 'text/css' },
      problems: [],
    },
    () => answerFile('style.css', 'text/css'),
  )
  return [page, ...scripts, style]
}

function answerFile(file: string, contentType: string): Answer {
  return {
    status: 200,
    raw: new Uint8Array(readFileSync(new URL(file, directory))),
    headers: {
      'content-type': `${contentType}; charset=utf-8`,
      'content-security-policy': contentSecurityPolicy,
    },
  }
}
