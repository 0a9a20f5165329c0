import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type MailContent, type MailMessage, renderMail } from './content.ts'
import { en, type NoticeKind } from './texts/en.ts'

const templates = '{{7*7}} ${7*7} <%= 7*7 %> #{7*7}'
const hostile = `"><img src=x onerror='alert(1)'></a>&amp;${templates}\r\nBcc: eve@example.org\u2028`
const facts = {
  service: hostile,
  username: hostile,
  url: `https://auth.example.com/account/x#${hostile}`,
  code: hostile,
  life: hostile,
  when: hostile,
  ip: hostile,
  client: hostile,
  address: hostile,
}
// A record, so that none can be forgotten.
const kinds: Readonly<Record<NoticeKind, true>> = {
  password_changed: true,
  password_reset: true,
  factor_added: true,
  factor_removed: true,
  recovery_code_used: true,
  passkey_cloned: true,
  session_theft: true,
  new_device: true,
  attempts_exceeded: true,
  account_deleted: true,
  address_taken_back: true,
}

/** Every mail there is, with the worst that may stand in it. */
function everyMail(): [name: string, mail: MailMessage][] {
  const { notice, ...others } = en
  const contents: [string, MailContent][] = [
    ...Object.entries(others).map(([name, text]): [string, MailContent] => [name, text(facts)]),
    ...(Object.keys(kinds) as NoticeKind[]).map((event): [string, MailContent] => [
      event,
      notice({ ...facts, event }),
    ]),
  ]
  return contents.map(([name, content]) => [name, renderMail('ada@example.org', content)])
}

const markup =
  /<!doctype html>|<\/?(?:html|body|p|strong)>|<a href="https:\/\/auth\.example\.com\/account\/x#[^<>"']*">|<\/a>/g

describe('whatever stands in a mail', () => {
  test('is text in HTML, and ends no attribute', () => {
    const mails = everyMail()
    assert.ok(mails.length > 16)
    for (const [name, { html }] of mails) {
      const text = html.replaceAll(markup, '')
      assert.doesNotMatch(text, /[<>"']/, name)
      assert.doesNotMatch(text, /&(?!(?:amp|lt|gt|quot|#39);)/, name)
    }
  })

  test('ends no header, and adds none', () => {
    for (const [name, { to, subject }] of everyMail()) {
      assert.doesNotMatch(subject, /[\r\n\0\u2028\u2029\u0085]/, name)
      assert.equal(to, 'ada@example.org', name)
    }
  })

  test('is there as it is in the plain part', () => {
    for (const [name, { text }] of everyMail()) {
      assert.ok(text.includes(`onerror='alert(1)'`), name)
    }
  })

  test('is no template', () => {
    for (const [name, { text, html, subject }] of everyMail()) {
      assert.ok(text.includes(templates), name)
      assert.doesNotMatch(text + html + subject, /\b49\b/, name)
    }
  })
})
