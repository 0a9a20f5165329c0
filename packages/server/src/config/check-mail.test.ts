import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkSettings } from './check-settings.ts'
import type { CountersignOptions } from './options.ts'

const mailFrom = 'accounts@example.com'

function check(options: CountersignOptions, production = false) {
  const publicUrl = 'https://auth.example.com'
  return checkSettings({ publicUrl, databaseUrl: 'sqlite:x.db', ...options }, { production })
}

function settingsOf(options: CountersignOptions) {
  const checked = check(options)
  assert.ok(checked.ok, JSON.stringify(checked))
  return checked.settings
}

test('a mail server is a URL, whose password never travels in the clear', () => {
  const { smtp } = settingsOf({ smtpUrl: 'smtp://us%40er:p%3Aw@mail.example.com', mailFrom })
  assert.deepEqual(smtp, {
    host: 'mail.example.com',
    port: 587,
    secure: false,
    user: 'us@er',
    password: 'p:w',
    requiresTls: true,
  })
  const tls = settingsOf({ smtpUrl: 'smtps://u:p@mail.example.com', mailFrom }).smtp
  assert.deepEqual([tls?.port, tls?.secure, tls?.requiresTls], [465, true, false])
  assert.equal(settingsOf({ smtpUrl: 'smtp://relay:25', mailFrom }).smtp?.requiresTls, false)
  const local = settingsOf({ smtpUrl: 'smtp://u:p@127.0.0.1:1025', mailFrom }).smtp
  assert.equal(local?.requiresTls, false)
})

test('what is no mail server, sender or page stops the start', () => {
  const wrong: readonly CountersignOptions[] = [
    { smtpUrl: 'smtp://mail.example.com' },
    { smtpUrl: 'http://mail.example.com', mailFrom },
    { smtpUrl: 'smtp://mail.example.com?tls.rejectUnauthorized=false', mailFrom },
    { smtpUrl: 'mail.example.com', mailFrom },
    { mailFrom: 'accounts@example.com\r\nBcc: eve@example.com' },
    { mailFrom: 'a@example.com, b@example.com' },
    { mailFrom: 'Shop' },
    { accountPagesUrl: 'javascript:alert(1)' },
    { accountPagesUrl: 'https://app.example.com/?next=' },
    { accountPagesUrl: '/account' },
    { accountPagesUrl: '//app.example.com/account' },
    { accountPagesUrl: 'https://app.example.com#x' },
    { accountPagesUrl: 'https://auth.example.com@evil.example/account' },
    { serviceName: 'Shop\nBcc: x' },
    { secondFactor: 'admn' },
    { secondFactor: 'required,admin' },
  ]
  for (const options of wrong) assert.equal(check(options).ok, false, JSON.stringify(options))
  assert.equal(check({ accountPagesUrl: 'http://app.example.com' }, true).ok, false)
})

test('links lead to pages of one’s own where they are named', () => {
  assert.equal(settingsOf({}).accountPagesUrl, 'https://auth.example.com/account')
  const { accountPagesUrl } = settingsOf({ accountPagesUrl: 'https://app.example.com/account/' })
  assert.equal(accountPagesUrl, 'https://app.example.com/account')
  // Links are what a browser makes of the value, with nothing in them that ends a line of a mail.
  for (const text of [
    'https://app.example.com/acc\r\nount//',
    'https:\\\\app.example.com\\account',
    'HTTPS://APP.example.com:443/x/../account',
  ]) {
    assert.equal(settingsOf({ accountPagesUrl: text }).accountPagesUrl, accountPagesUrl, text)
  }
})
