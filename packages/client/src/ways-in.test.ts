import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createClient } from './create-client.ts'
import { CountersignError } from './countersign-error.ts'
import { password, startService } from './service.fixture.ts'

const email = 'ada@example.org'
const newPassword = 'another long enough phrase 7'

async function setUp(t: TestContext, options: object = {}) {
  const texts: string[] = []
  const sendMail = async ({ text }: { text: string }) => void texts.push(text)
  const service = await startService(t, { sendMail, ...options })
  const client = createClient({ url: service.url, delivery: 'body' })
  t.after(() => client.close())
  const take = async (): Promise<{ token: string; code: string }> => {
    while (texts.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const text = texts.shift() ?? ''
    return { token: /#(\S+)/.exec(text)?.[1] ?? '', code: /^\d{6}$/m.exec(text)?.[0] ?? '' }
  }
  await client.register({ username: 'ada', password, email })
  const { token } = await take()
  await client.mail.verify({ token, password })
  return { service, client, take }
}

test('logs in with an address, a code and a link', async (t) => {
  const { client, take } = await setUp(t)
  assert.equal((await client.login({ username: email, password })).username, 'ada')
  await client.logout()
  const challenge = await client.mail.requestCode(email)
  const { code } = await take()
  assert.equal((await client.mail.loginWithCode({ challenge, code })).username, 'ada')
  await client.logout()
  await client.mail.requestCode(email)
  const { token } = await take()
  assert.equal((await client.mail.loginWithLink(token)).username, 'ada')
  assert.equal(client.user?.emailVerified, true)
})

test('resets a forgotten password', async (t) => {
  const { client, take } = await setUp(t)
  await client.mail.forgotPassword(email)
  const { token } = await take()
  await client.mail.resetPassword({ token, newPassword })
  await assert.rejects(client.login({ username: 'ada', password }), /Invalid credentials/)
  await client.login({ username: 'ada', password: newPassword })
})

test('steps up for what needs a recent log-in', async (t) => {
  const { service, client, take } = await setUp(t)
  await client.login({ username: 'ada', password })
  service.pass(16 * 60)
  const change = client.mail.changeAddress('new@example.org')
  await assert.rejects(change, { code: 'insufficient_user_authentication' })
  await client.stepUp({ password })
  await client.mail.changeAddress('new@example.org')
  const { token } = await take()
  await client.mail.confirmAddress(token)
  await client.login({ username: 'new@example.org', password })
})

test('says what a log-in is missing, and completes it with the code of a mail', async (t) => {
  const { client, take } = await setUp(t, { secondFactor: 'user' })
  const failure = await client.login({ username: 'ada', password }).catch((error: unknown) => error)
  assert.ok(failure instanceof CountersignError)
  assert.equal(failure.code, 'mfa_required')
  assert.deepEqual(failure.factors, ['email'])
  const { mfaToken = '' } = failure
  const wrong = { mfaToken, factor: 'totp', code: '000000' } as const
  await assert.rejects(client.proveSecondFactor(wrong), { code: 'invalid_code' })
  await client.factors.sendEmailCode(mfaToken)
  const { code } = await take()
  await client.proveSecondFactor({ mfaToken, factor: 'email', code })
  assert.equal(client.user?.username, 'ada')
})
