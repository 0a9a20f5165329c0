import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type MailContent, type MailMessage, renderMail } from './content.ts'
import { en, type NoticeKind } from './texts/en.ts'

const hostile = `"><img src=x onerror='alert(1)'></a>&amp;\r\nBcc: eve@example.org\u2028`
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
const kinds: readonly NoticeKind[] = [
  'password_changed',
  'password_reset',
  'factor_added',
  'factor_removed',
  'session_theft',
  'new_device',
  'attempts_exceeded',
  'account_deleted',
]

/** Every mail there is, with the worst that may stand in it. */
function everyMail(): [name: string, mail: MailMessage][] {
  const { notice, ...others } = en
  const contents: [string, MailContent][] = [
    ...Object.entries(others).map(([name, text]): [string, MailContent] => [name, text(facts)]),
    ...kinds.map((event): [string, MailContent] => [event, notice({ ...facts, event })]),
  ]
  return contents.map(([name, content]) => [name, renderMail('ada@example.org', content)])
}

const markup =
  /<!doctype html>|<\/?(?:html|body|p|strong)>|<a href="https:\/\/auth\.example\.com\/account\/x#[^<>"']*">|<\/a>/g

describe('whatever stands in a mail', () => {
  test('is text in HTML, and ends no attribute', () => {
    const mails = everyMail()
    assert.ok(mails.length > 14)
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
})
