import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { createClient } from './create-client.ts'
import { CountersignError } from './countersign-error.ts'
import { password, type Service, startService } from './service.fixture.ts'

const email = 'ada@example.org'
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 6238, as an authenticator app does it. */
function codeOf(secret: string, seconds: number): string {
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0'))
  const bytes = (bits.join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / 30)))
  const digest = createHmac('sha1', Buffer.from(bytes)).update(counter).digest()
  const number = digest.readUInt32BE((digest.at(-1) ?? 0) & 15) & 0x7fff_ffff
  return String(number % 1_000_000).padStart(6, '0')
}

/** Codes that were not used yet: each is one step later than the one before. */
function createApp(service: Service) {
  let passed = 0
  return (secret: string): string => {
    service.pass(30)
    passed += 30
    return codeOf(secret, Date.now() / 1000 + passed)
  }
}

async function setUp(t: TestContext, options: object = {}) {
  const texts: string[] = []
  const sendMail = async ({ text }: { text: string }) => void texts.push(text)
  const service = await startService(t, { sendMail, rateLimitMail: '100/1h', ...options })
  const client = createClient({ url: service.url, delivery: 'body' })
  t.after(() => client.close())
  const take = async (pattern: RegExp): Promise<string> => {
    for (let turn = 0; turn < 1_000; turn++) {
      const found = texts.findIndex((text) => pattern.test(text))
      if (found >= 0) return pattern.exec(texts.splice(found, 1)[0] ?? '')?.[1] ?? ''
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return assert.fail(`No mail of ${pattern.source}`)
  }
  const missing = async (): Promise<CountersignError> => {
    const failure = await client.login({ username: 'ada', password }).catch((error) => error)
    assert.ok(failure instanceof CountersignError)
    return failure
  }
  await client.register({ username: 'ada', password, email })
  return { service, client, take, missing, appCode: createApp(service) }
}

test('adds an app, and goes on with the same session', async (t) => {
  const { service, client, missing, appCode } = await setUp(t)
  await client.login({ username: 'ada', password })
  const { secret, uri, qrCode } = await client.factors.beginTotp()
  assert.ok(uri.includes(secret) && qrCode.startsWith('<svg'))
  await assert.rejects(client.factors.confirmTotp({ code: 'x' }), { code: 'invalid_code' })
  const added = await client.factors.confirmTotp({ code: appCode(secret), name: 'Phone' })
  assert.deepEqual([added.kind, added.name], ['totp', 'Phone'])
  const renamed = await client.factors.rename(added.id, 'Telephone')
  assert.deepEqual(await client.factors.list(), [renamed])
  await client.logout()
  const { code, factors, mfaToken = '' } = await missing()
  assert.deepEqual([code, factors], ['mfa_required', ['totp']])
  await client.proveSecondFactor({ mfaToken, factor: 'totp', code: appCode(secret) })
  assert.equal(client.user?.username, 'ada')
  await client.factors.remove(added.id)
  assert.deepEqual(await client.factors.list(), [])
  assert.equal(service.calls.includes('refresh'), false, 'the tokens of the answers were taken')
})

test('makes recovery codes, which log in once each', async (t) => {
  const { client, missing, appCode } = await setUp(t)
  await client.login({ username: 'ada', password })
  await assert.rejects(client.factors.makeRecoveryCodes(), { code: 'no_second_factor' })
  const { secret } = await client.factors.beginTotp()
  await client.factors.confirmTotp({ code: appCode(secret) })
  const [first = ''] = await client.factors.makeRecoveryCodes()
  const codes = await client.factors.makeRecoveryCodes()
  const use = async (code: string) => {
    const { mfaToken = '' } = await missing()
    return client.proveSecondFactor({ mfaToken, factor: 'recovery', code })
  }
  await assert.rejects(use(first), { code: 'invalid_code' })
  await use(codes[7] ?? '')
  const kept = (await client.factors.list()).find(({ kind }) => kind === 'recovery')
  assert.equal(kept?.remaining, 9)
})

test('adds the app that a log-in has to have, and is signed in by that', async (t) => {
  const { client, missing, appCode } = await setUp(t, { secondFactor: 'required' })
  const { code, mfaToken = '' } = await missing()
  assert.equal(code, 'mfa_enrollment_required')
  const { secret } = await client.factors.beginTotp(mfaToken)
  const changes: unknown[] = []
  client.onChange(({ user, reason }) => changes.push([user?.username, reason]))
  const added = await client.factors.confirmTotp({ mfaToken, code: appCode(secret) })
  assert.equal(added.kind, 'totp')
  assert.deepEqual(changes, [['ada', 'signed_in']])
  assert.deepEqual(await client.factors.list(), [added])
})

test('makes the verified address a factor, and has its codes sent', async (t) => {
  const { client, take, missing } = await setUp(t)
  await client.mail.verify({ token: await take(/verify-email#(\S+)/), password })
  await client.login({ username: 'ada', password })
  assert.equal((await client.factors.addEmail()).kind, 'email')
  await assert.rejects(client.factors.addEmail(), { code: 'factor_exists' })
  const { mfaToken = '' } = await missing()
  await client.factors.sendEmailCode(mfaToken)
  const code = await take(/^(\d{6})$/m)
  await client.proveSecondFactor({ mfaToken, factor: 'email', code })
  assert.equal(client.user?.username, 'ada')
})
