import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { CountersignOptions } from '../config/options.ts'
import {
  readSignedIn,
  startTestServer,
  type TestAnswer,
  testPassword,
} from '../countersign.fixture.ts'
import { createTestMailbox } from '../mail/mailbox.fixture.ts'
import { createAuthenticator, type SoftAuthenticator, type Twist } from './authenticator.fixture.ts'
import { createPasskeyCalls } from './passkey-people.fixture.ts'

const minute = 60_000
const newPassword = 'another horse battery staple'

async function setUp(t: TestContext, options: CountersignOptions = {}) {
  const mailbox = createTestMailbox()
  const server = await startTestServer(t, {
    sendMail: mailbox.sendMail,
    rateLimitAnonymous: '1000/1m',
    ...options,
  })
  const calls = createPasskeyCalls(server)
  const { call } = server
  /** The first step of a log-in. */
  const begin = async (username: string) => {
    const body = { username, password: testPassword, delivery: 'body' }
    const answer = await call('POST /api/auth/login', { body })
    assert.equal(answer.status, 401, JSON.stringify(answer.body))
    return answer.body
  }
  const askSecond = async (mfaToken: unknown) => {
    const answer = await call('POST /api/auth/mfa/passkey/options', { body: { mfaToken } })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return answer.body
  }
  const proveSecond = (mfaToken: unknown, response: unknown) =>
    call('POST /api/auth/mfa/passkey', { body: { mfaToken, response } })
  /** The whole log-in with password and passkey. */
  const logIn = async (username: string, key: SoftAuthenticator, twist?: Twist) => {
    const { mfaToken } = await begin(username)
    return proveSecond(mfaToken, key.get(await askSecond(mfaToken), twist))
  }
  const askStepUp = async (token: string) => {
    const answer = await call('POST /api/auth/step-up/passkey/options', { token })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return answer.body
  }
  const stepUp = (token: string, response: unknown) =>
    call('POST /api/auth/step-up/passkey', { token, body: { response, delivery: 'body' } })
  const second = { begin, askSecond, proveSecond, logIn }
  return { ...server, ...calls, ...second, askStepUp, stepUp, mailbox }
}

describe('a passkey as second factor', () => {
  test('completes a log-in with the password', async (t) => {
    const { person, begin, askSecond, proveSecond, takeEvents } = await setUp(t)
    const key = createAuthenticator()
    const { userId } = await person('ada', key)
    takeEvents()
    const { code, factors, mfaToken } = await begin('ada')
    assert.deepEqual([code, factors], ['mfa_required', ['passkey']])
    const options = await askSecond(mfaToken)
    assert.deepEqual(options['allowCredentials'], [
      { type: 'public-key', id: key.credentials[0]?.id, transports: ['internal', 'hybrid'] },
    ])
    const answer = await proveSecond(mfaToken, key.get(options))
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    assert.equal(readSignedIn(answer).userId, userId)
    const [event] = takeEvents()
    assert.deepEqual(event?.detail['factor'], 'password passkey')
  })

  test('need not verify its user, and is no whole log-in then', async (t) => {
    const { person, logIn, signIn } = await setUp(t)
    const key = createAuthenticator()
    await person('ada', key)
    const twist = { userVerified: false, userHandle: null }
    assert.equal((await logIn('ada', key, twist)).status, 200)
    assert.equal((await signIn(key, { userVerified: false })).status, 401)
  })

  const twists: readonly (readonly [string, Twist])[] = [
    ['of another page', { origin: 'https://evil.example' }],
    ['for another relying party', { rpId: 'evil.example' }],
    ['without a user', { userPresent: false }],
    ['that was altered', { altersSignature: true }],
    ['with a challenge that was made up', { challenge: 'A'.repeat(43) }],
    ['of a registration', { type: 'webauthn.create' }],
    ['whose counter did not grow', { counter: 1 }],
  ]
  for (const [name, twist] of twists) {
    test(`is refused with an answer ${name}`, async (t) => {
      const { person, logIn } = await setUp(t)
      const key = createAuthenticator()
      await person('ada', key)
      assertNoSession(await logIn('ada', key, twist))
      assert.equal((await logIn('ada', key)).status, 200)
    })
  }

  test('is the account’s own: no other’s passkey, and no other’s challenge', async (t) => {
    const { person, begin, askSecond, proveSecond } = await setUp(t)
    const [ada, eve] = [createAuthenticator(), createAuthenticator()]
    const { userId } = await person('ada', ada)
    await person('eve', eve)
    const { mfaToken } = await begin('ada')
    const own = await askSecond(mfaToken)
    const [credential] = eve.credentials
    assert.ok(credential)
    const userHandle = Buffer.from(userId).toString('base64url')
    assertNoSession(await proveSecond(mfaToken, eve.get(own, { credential })))
    const other = await askSecond((await begin('ada')).mfaToken)
    assertNoSession(await proveSecond(mfaToken, eve.get(other, { credential, userHandle })))
    const eves = await askSecond((await begin('eve')).mfaToken)
    assertNoSession(await proveSecond(mfaToken, eve.get(eves)))
    const [adas] = ada.credentials
    assert.ok(adas)
    const challenge = String(eves['challenge'])
    assertNoSession(await proveSecond(mfaToken, ada.get(own, { credential: adas, challenge })))
  })

  test('answers what was asked for it, not what a log-in or a step-up asked', async (t) => {
    const { person, begin, proveSecond, signInOptions, askStepUp } = await setUp(t)
    const key = createAuthenticator()
    const { accessToken } = await person('ada', key)
    const { mfaToken } = await begin('ada')
    for (const options of [await signInOptions(), await askStepUp(accessToken)]) {
      assertNoSession(await proveSecond(mfaToken, key.get(options)))
    }
  })

  test('is asked for of nobody who has none, or who brings no log-in that waits', async (t) => {
    const { call, open, begin } = await setUp(t, { secondFactor: 'required' })
    await open('bob')
    const { mfaToken } = await begin('bob')
    for (const token of [mfaToken, 'x', '']) {
      const answer = await call('POST /api/auth/mfa/passkey/options', { body: { mfaToken: token } })
      assert.ok([400, 401].includes(answer.status))
      assert.equal('challenge' in answer.body, false)
    }
  })

  test('makes one session of a log-in, however many answers come at once', async (t) => {
    const { person, begin, askSecond, proveSecond } = await setUp(t)
    const key = createAuthenticator({ counts: false })
    await person('ada', key)
    const { mfaToken } = await begin('ada')
    const one = key.get(await askSecond(mfaToken))
    const responses = [
      one,
      one,
      one,
      key.get(await askSecond(mfaToken)),
      key.get(await askSecond(mfaToken)),
    ]
    const answers = await Promise.all(responses.map((each) => proveSecond(mfaToken, each)))
    assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  })

  test('is refused after so many wrong answers, in however many log-ins', async (t) => {
    const { person, logIn } = await setUp(t, { rateLimitLogin: '3/15m' })
    const key = createAuthenticator()
    await person('ada', key)
    for (let turn = 0; turn < 3; turn++) {
      assert.equal((await logIn('ada', key, { altersSignature: true })).status, 400)
    }
    assert.equal((await logIn('ada', key)).status, 429)
  })

  test('is what the policy asks for: added with the token of the log-in, which it completes', async (t) => {
    const { open, begin, call, logIn } = await setUp(t, { secondFactor: 'required' })
    await open('ada')
    const { code, mfaToken } = await begin('ada')
    assert.equal(code, 'mfa_enrollment_required')
    const asked = await call('POST /api/auth/passkeys/register/options', { body: { mfaToken } })
    const key = createAuthenticator()
    const body = { mfaToken, response: key.create(asked.body), name: 'Key' }
    const answer = await call('POST /api/auth/passkeys/register', { body })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    const { accessToken } = readSignedIn(answer)
    assert.equal((await call('GET /api/users', { token: accessToken })).status, 200)
    assert.equal((await logIn('ada', key)).status, 200)
    // Whoever has one adds another with a session, not around the one there is.
    const waiting = await begin('ada')
    const around = await call('POST /api/auth/passkeys/register/options', {
      body: { mfaToken: waiting['mfaToken'] },
    })
    assert.equal(around.body['code'], 'invalid_mfa_token')
    const nobody = await call('POST /api/auth/passkeys/register/options')
    assert.equal(nobody.body['code'], 'no_token')
  })
})

describe('a passkey that proves again who one is', () => {
  test('opens dangerous acts, with a session in the place of the old', async (t) => {
    const { person, call, askStepUp, stepUp, clock } = await setUp(t, {
      jwtExpiresIn: '1h',
      recentAuthentication: '5m',
    })
    const key = createAuthenticator()
    const { accessToken: token, userId } = await person('ada', key)
    clock.advance(6 * minute)
    const late = await call('POST /api/auth/passkeys/register/options', { token })
    assert.equal(late.body['code'], 'insufficient_user_authentication')
    const answer = await stepUp(token, key.get(await askStepUp(token)))
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    const stepped = readSignedIn(answer)
    assert.equal(stepped.userId, userId)
    const now = { token: stepped.accessToken }
    assert.equal((await call('POST /api/auth/passkeys/register/options', now)).status, 200)
    assert.equal((await call('GET /api/users', { token })).status, 401)
  })

  test('is the account’s own, verifies its user, and answers what was asked for it', async (t) => {
    const { person, askStepUp, stepUp, signInOptions } = await setUp(t)
    const [ada, eve] = [createAuthenticator(), createAuthenticator()]
    const { accessToken: token, userId } = await person('ada', ada)
    const { accessToken: evesToken } = await person('eve', eve)
    const [credential] = eve.credentials
    assert.ok(credential)
    const userHandle = Buffer.from(userId).toString('base64url')
    const own = await askStepUp(token)
    assert.equal(own['userVerification'], 'required')
    const answers = [
      await stepUp(token, ada.get(own, { userVerified: false })),
      await stepUp(token, ada.get(await signInOptions())),
      await stepUp(token, ada.get(await askStepUp(token), { altersSignature: true })),
      await stepUp(token, eve.get(await askStepUp(token), { credential })),
      await stepUp(token, eve.get(await askStepUp(token), { credential, userHandle })),
      await stepUp(token, eve.get(await askStepUp(evesToken))),
    ]
    for (const answer of answers) {
      assert.deepEqual([answer.status, answer.body['code']], [400, 'invalid_passkey'])
    }
    assert.equal((await stepUp(token, ada.get(await askStepUp(token)))).status, 200)
  })

  test('is good once, and after so many wrong ones not at all', async (t) => {
    const { person, askStepUp, stepUp } = await setUp(t, { rateLimitLogin: '3/15m' })
    const key = createAuthenticator({ counts: false })
    const { accessToken: token } = await person('ada', key)
    const response = key.get(await askStepUp(token))
    const answers = await Promise.all(Array.from({ length: 4 }, () => stepUp(token, response)))
    assert.equal(answers.filter(({ status }) => status === 200).length, 1)
    const stepped = readSignedIn(answers.find(({ status }) => status === 200) ?? assert.fail())
    const again = stepped.accessToken
    for (let turn = 0; turn < 3; turn++) {
      await stepUp(again, key.get(await askStepUp(again), { altersSignature: true }))
    }
    assert.equal((await stepUp(again, key.get(await askStepUp(again)))).status, 429)
  })

  test('is asked for of nobody who has none', async (t) => {
    const { open, call } = await setUp(t)
    await open('bob')
    const { body } = await call('POST /api/auth/login', {
      body: { username: 'bob', password: testPassword },
    })
    const token = String(body['accessToken'])
    assert.equal((await call('POST /api/auth/step-up/passkey/options', { token })).status, 404)
  })
})

describe('a passkey beside the link of a mail', () => {
  const ada = 'ada@example.org'
  async function setUpMail(t: TestContext) {
    const stage = await setUp(t)
    const { call, mailbox, register } = stage
    const account = { username: 'ada', password: testPassword, email: ada }
    await call('POST /api/auth/register', { body: account })
    const proof = { token: await mailbox.takeToken(ada), password: testPassword }
    assert.equal((await call('POST /api/auth/email/verify', { body: proof })).status, 204)
    const { body } = await call('POST /api/auth/login', {
      body: { username: 'ada', password: testPassword },
    })
    const key = createAuthenticator()
    assert.equal((await register(String(body['accessToken']), key)).status, 200)
    const forgot = async () => {
      await call('POST /api/auth/password/forgot', { body: { email: ada } })
      for (;;) {
        const mail = await mailbox.take(ada)
        const token = /reset-password#(\S+)$/m.exec(mail.text)?.[1]
        if (token !== undefined) return token
      }
    }
    const reset = (token: string, more: object = {}) =>
      call('POST /api/auth/password/reset', { body: { token, newPassword, ...more } })
    return { ...stage, key, forgot, reset }
  }

  test('is what a reset asks for, and lets it happen', async (t) => {
    const { key, forgot, reset, call } = await setUpMail(t)
    const token = await forgot()
    const missing = await reset(token)
    assert.deepEqual([missing.body['code'], missing.body['factors']], ['mfa_required', ['passkey']])
    const options = missing.body['passkey'] as Record<string, unknown>
    const answer = await reset(token, { factor: 'passkey', response: key.get(options) })
    assert.equal(answer.status, 204)
    assert.doesNotMatch(answer.headers.get('set-cookie') ?? '', /refreshToken/)
    const body = { username: 'ada', password: newPassword }
    assert.equal((await call('POST /api/auth/login', { body })).body['code'], 'mfa_required')
  })

  test('is its own: no other passkey, purpose or word of another factor stands in for it', async (t) => {
    const { key, forgot, reset, signInOptions, person, begin, askSecond, call } = await setUpMail(t)
    const token = await forgot()
    const ask = async () => (await reset(token)).body['passkey'] as Record<string, unknown>
    const eve = createAuthenticator()
    await person('eve', eve)
    const [credential] = eve.credentials
    assert.ok(credential)
    const waiting = await askSecond((await begin('ada')).mfaToken)
    const wrong = [
      { factor: 'passkey', response: key.get(await ask(), { altersSignature: true }) },
      { factor: 'passkey', response: eve.get(await ask(), { credential }) },
      { factor: 'passkey', response: key.get(await signInOptions()) },
      { factor: 'passkey', response: key.get(waiting) },
      { factor: 'passkey', code: '123456' },
      { factor: 'totp', response: key.get(await ask()) },
      { factor: 'email', response: key.get(await ask()) },
      { factor: 'password', code: testPassword },
    ]
    for (const proof of wrong) {
      const answer = await reset(token, proof)
      assert.deepEqual([answer.status, answer.body['code']], [400, 'invalid_code'])
    }
    const body = { username: 'ada', password: newPassword }
    assert.equal((await call('POST /api/auth/login', { body })).body['code'], 'invalid_credentials')
    const good = { factor: 'passkey', response: key.get(await ask()) }
    assert.equal((await reset(token, good)).status, 204)
  })
})

function assertNoSession({ status, body, headers }: TestAnswer): void {
  assert.deepEqual([status, body['code']], [400, 'invalid_code'], JSON.stringify(body))
  assert.equal(headers.get('set-cookie'), null)
  assert.equal('accessToken' in body, false)
}
