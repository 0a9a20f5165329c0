// The undo link of an account whose only second factor is a passkey.

import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { readSignedIn, startTestServer, testPassword } from '../countersign.fixture.ts'
import { createTestMailbox } from '../mail/mailbox.fixture.ts'
import { createAuthenticator } from '../passkeys/authenticator.fixture.ts'
import { createPasskeyCalls } from '../passkeys/passkey-people.fixture.ts'
import { outcome } from '../totp/people.fixture.ts'

const old = 'old@example.org'
const fresh = 'new@example.org'
const owned = 'the owner chose this one'

async function setUp(t: TestContext) {
  const mailbox = createTestMailbox()
  const server = await startTestServer(t, {
    sendMail: mailbox.sendMail,
    rateLimitMail: '100/1h',
    rateLimitAnonymous: '1000/1h',
    rateLimitLogin: '100/15m',
  })
  const { call } = server
  const body = { username: 'ada', password: testPassword, email: old }
  await call('POST /api/auth/register', { body })
  const proof = { token: await mailbox.takeToken(old), password: testPassword }
  assert.equal((await call('POST /api/auth/email/verify', { body: proof })).status, 204)
  const session = await server.signIn('ada')
  const passkeys = createPasskeyCalls(server)
  const takeNotice = async (subject: RegExp) =>
    assert.match((await mailbox.take(old)).subject, subject)
  /** @returns the link's token, which came to the old mailbox */
  const changeAddress = async (token: string): Promise<string> => {
    await call('POST /api/auth/email', { token, body: { email: fresh } })
    const change = { token: await mailbox.takeToken(fresh) }
    assert.equal((await call('POST /api/auth/email/confirm', { body: change })).status, 204)
    return mailbox.takeToken(old)
  }
  const undo = (token: string, more: object = {}) =>
    call('POST /api/auth/email/undo', { body: { token, newPassword: owned, ...more } })
  const logIn = (password: string) =>
    call('POST /api/auth/login', { body: { username: old, password, delivery: 'body' } })
  return { ...passkeys, server, call, session, takeNotice, changeAddress, undo, logIn }
}

describe('undoing a change of address with a passkey', () => {
  test('gives the account back to whoever holds it, once, and ends every session', async (t) => {
    const { server, call, session, register, takeNotice, changeAddress, undo, logIn } =
      await setUp(t)
    const key = createAuthenticator()
    const added = await register(session.accessToken, key)
    await takeNotice(/factor was added/)
    server.clock.advance(1_000)
    const token = await changeAddress(String(added.body['token']))
    assert.equal(outcome(await logIn(testPassword)), '401 invalid_credentials')

    const asked = await undo(token)
    assert.equal(outcome(asked), '401 mfa_required')
    assert.deepEqual(asked.body['factors'], ['passkey'])
    const options = asked.body['passkey'] as Record<string, unknown>
    const response = key.get(options)
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => undo(token, { factor: 'passkey', response })),
    )
    const refused = Array.from({ length: 4 }, () => '400 invalid_code')
    assert.deepEqual(answers.map(outcome).toSorted(), ['204', ...refused])
    assert.equal(outcome(await undo(token)), '400 invalid_code', 'the link was used')
    assert.equal((await server.refresh(session.refreshToken)).status, 401)

    // The passkey is the account's still: the link logs nobody in, and the password alone does not either.
    const begun = await logIn(owned)
    assert.equal(outcome(begun), '401 mfa_required')
    const { mfaToken } = begun.body
    const next = await call('POST /api/auth/mfa/passkey/options', { body: { mfaToken } })
    const answer = { mfaToken, response: key.get(next.body) }
    const signedIn = await call('POST /api/auth/mfa/passkey', { body: answer })
    assert.equal(signedIn.status, 200, JSON.stringify(signedIn.body))
    const profile = await call('GET /api/users', { token: readSignedIn(signedIn).accessToken })
    assert.equal(profile.body['email'], old)
  })

  test('takes no other passkey, purpose or word in its place', async (t) => {
    const stage = await setUp(t)
    const { server, session, register, person, signInOptions, takeNotice, undo, logIn } = stage
    const key = createAuthenticator()
    const added = await register(session.accessToken, key)
    await takeNotice(/factor was added/)
    const eve = createAuthenticator()
    await person('eve', eve)
    const [credential] = eve.credentials
    assert.ok(credential)
    server.clock.advance(1_000)
    const token = await stage.changeAddress(String(added.body['token']))
    const ask = async () => (await undo(token)).body['passkey'] as Record<string, unknown>
    const wrong = [
      { factor: 'passkey', response: key.get(await ask(), { altersSignature: true }) },
      { factor: 'passkey', response: eve.get(await ask(), { credential }) },
      { factor: 'passkey', response: key.get(await signInOptions()) },
      { factor: 'passkey', code: '123456' },
      { factor: 'recovery', code: 'x' },
      { factor: 'totp', response: key.get(await ask()) },
      { factor: 'email', response: key.get(await ask()) },
      { factor: 'password', code: testPassword },
    ]
    for (const proof of wrong) {
      assert.equal(outcome(await undo(token, proof)), '400 invalid_code', JSON.stringify(proof))
    }
    assert.equal(outcome(await logIn(owned)), '401 invalid_credentials')
    const good = { factor: 'passkey', response: key.get(await ask()) }
    assert.equal(outcome(await undo(token, good)), '204')
  })

  test('leaves none that was added since beside those of before', async (t) => {
    const { server, call, session, register, signIn, takeNotice, changeAddress, undo } =
      await setUp(t)
    const [owner, thief] = [createAuthenticator(), createAuthenticator()]
    const added = await register(session.accessToken, owner)
    await takeNotice(/factor was added/)
    server.clock.advance(1_000)
    const accessToken = String(added.body['token'])
    const token = await changeAddress(accessToken)
    server.clock.advance(1_000)
    assert.equal((await register(accessToken, thief)).status, 200)
    assert.equal((await signIn(thief)).status, 200)

    const asked = (await undo(token)).body['passkey'] as Record<string, unknown>
    const credentials = asked['allowCredentials'] as readonly { readonly id: string }[]
    assert.deepEqual(
      credentials.map(({ id }) => id),
      owner.credentials.map(({ id }) => id),
    )
    const answer = { factor: 'passkey', response: owner.get(asked) }
    assert.equal(outcome(await undo(token, answer)), '204')
    assert.equal(outcome(await signIn(thief)), '401 invalid_credentials')
    const again = readSignedIn(await signIn(owner))
    const list = await call('GET /api/auth/mfa/factors', { token: again.accessToken })
    assert.equal((list.body['factors'] as readonly unknown[]).length, 1)
  })

  test('asks for none that was added since where the mailbox alone was a factor before', async (t) => {
    const { server, call, session, register, signIn, takeNotice, changeAddress, undo } =
      await setUp(t)
    const chosen = await call('POST /api/auth/mfa/factors/email', { token: session.accessToken })
    assert.equal(chosen.status, 200)
    await takeNotice(/factor was added/)
    server.clock.advance(1_000)
    const accessToken = String(chosen.body['token'])
    const token = await changeAddress(accessToken)
    server.clock.advance(1_000)
    const thief = createAuthenticator()
    assert.equal((await register(accessToken, thief)).status, 200)
    assert.equal(outcome(await undo(token)), '204')
    assert.equal(outcome(await signIn(thief)), '401 invalid_credentials')
  })

  test('asks for none that was added since, and leaves none of it', async (t) => {
    const { server, session, register, signIn, changeAddress, undo, logIn } = await setUp(t)
    const token = await changeAddress(session.accessToken)
    server.clock.advance(1_000)
    const thief = createAuthenticator()
    assert.equal((await register(session.accessToken, thief)).status, 200)
    assert.equal((await signIn(thief)).status, 200)
    assert.equal(outcome(await undo(token)), '204')
    assert.equal(outcome(await signIn(thief)), '401 invalid_credentials')
    assert.equal(outcome(await logIn(owned)), '200')
  })
})
