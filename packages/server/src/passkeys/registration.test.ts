import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import type { CountersignOptions } from '../config/options.ts'
import { startTestServer } from '../countersign.fixture.ts'
import {
  type Algorithm,
  type Cbor,
  createAuthenticator,
  type Twist,
} from './authenticator.fixture.ts'
import { createPasskeyCalls } from './passkey-people.fixture.ts'

const minute = 60_000

async function setUp(t: TestContext, options: CountersignOptions = {}) {
  const server = await startTestServer(t, { rateLimitAnonymous: '1000/1m', ...options })
  const calls = createPasskeyCalls(server)
  await server.open('ada')
  const { accessToken: token } = await server.signIn('ada')
  const passkeysOf = async (own = token) => {
    const { excludeCredentials } = await calls.creationOptions(own)
    return (excludeCredentials as { id: string }[]).map(({ id }) => id)
  }
  /** A newcomer's access token. */
  const logIn = async (username: string) => {
    await server.open(username)
    return (await server.signIn(username)).accessToken
  }
  return { ...server, ...calls, token, passkeysOf, logIn }
}

describe('what a browser is asked for a passkey', () => {
  test('names us, the account and the algorithms by configuration, and asks for no attestation', async (t) => {
    const { call, token } = await setUp(t, {
      publicUrl: 'https://auth.example.com',
      passkeyRpId: 'example.com',
      serviceName: 'Shop',
    })
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example' }
    const route = 'POST /api/auth/passkeys/register/options'
    const { body } = await call(route, { token, headers })
    const user = body['user'] as Record<string, string>
    assert.deepEqual(body['rp'], { id: 'example.com', name: 'Shop' })
    assert.deepEqual([user['name'], user['displayName']], ['ada', 'ada'])
    assert.match(Buffer.from(user['id'] ?? '', 'base64url').toString(), /^[0-9a-v]{26}$/)
    assert.deepEqual(
      (body['pubKeyCredParams'] as { alg: number }[]).map(({ alg }) => alg),
      [-8, -7, -257],
    )
    assert.deepEqual([body['attestation'], body['timeout']], ['none', 5 * minute])
    assert.equal(JSON.stringify(body).includes('evil'), false)
  })

  test('has a challenge that nobody guesses, another one each time', async (t) => {
    const { signInOptions } = await setUp(t)
    const challenges = new Set<string>()
    for (let i = 0; i < 500; i++) challenges.add(String((await signInOptions())['challenge']))
    assert.equal(challenges.size, 500)
    for (const challenge of challenges) {
      assert.ok(Buffer.from(challenge, 'base64url').length >= 32)
      assert.equal(Buffer.from(challenge, 'base64url').toString('base64url'), challenge)
    }
  })

  test('needs a recent log-in', async (t) => {
    const { call, token, clock } = await setUp(t, {
      jwtExpiresIn: '1h',
      recentAuthentication: '5m',
    })
    clock.advance(6 * minute)
    const answer = await call('POST /api/auth/passkeys/register/options', { token })
    assert.equal(answer.body['code'], 'insufficient_user_authentication')
    const late = await call('POST /api/auth/passkeys/register', { token, body: {} })
    assert.equal(late.body['code'], 'insufficient_user_authentication')
  })
})

describe('a passkey', () => {
  for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
    test(`of ${algorithm} is added and logs in`, async (t) => {
      const { signIn, person } = await setUp(t)
      const key = createAuthenticator({ algorithm })
      const { userId } = await person('eve', key)
      const answer = await signIn(key)
      assert.equal(answer.status, 200, JSON.stringify(answer.body))
      assert.equal((answer.body['user'] as { id: string }).id, userId)
    })
  }

  test('is one of several, each its own, and none is added twice', async (t) => {
    const { register, token, passkeysOf, call, signIn, takeEvents, clock } = await setUp(t)
    takeEvents()
    const [phone, laptop] = [createAuthenticator(), createAuthenticator()]
    const first = await register(token, phone)
    const own = String(first.body['accessToken'])
    clock.advance(1_000)
    const second = await register(own, laptop)
    const now = String(second.body['accessToken'])
    const ids = [phone, laptop].map(({ credentials }) => credentials[0]?.id)
    assert.deepEqual(await passkeysOf(now), ids)
    for (const key of [phone, laptop]) assert.equal((await signIn(key)).status, 200)
    const [credential] = phone.credentials
    assert.ok(credential)
    const again = await register(now, createAuthenticator(), { credential })
    assert.ok(again.status >= 400 && again.status < 500, JSON.stringify(again.body))
    assert.equal((await call('GET /api/users', { token: now })).status, 200)
    const added = takeEvents().filter(({ type }) => type === 'factor.added')
    assert.deepEqual(
      added.map(({ detail }) => detail['factor']),
      ['passkey', 'passkey'],
    )
  })

  test('belongs to one account', async (t) => {
    const { register, person, signIn, logIn } = await setUp(t)
    const key = createAuthenticator()
    const owner = await person('bob', key)
    const [credential] = key.credentials
    assert.ok(credential)
    const refused = await register(await logIn('eve'), createAuthenticator(), { credential })
    assert.ok(refused.status >= 400 && refused.status < 500, JSON.stringify(refused.body))
    const answer = await signIn(key)
    assert.equal((answer.body['user'] as { id: string }).id, owner.userId)
  })

  test('goes with its account, and leaves no trace that keeps it from another', async (t) => {
    const { auth, register, person, signIn, logIn } = await setUp(t)
    const key = createAuthenticator()
    const { userId } = await person('bob', key)
    const [credential] = key.credentials
    assert.ok(credential)
    assert.equal((await auth.accounts.delete(userId)).ok, true)
    assert.equal((await signIn(key)).body['code'], 'invalid_credentials')
    const answer = await register(await logIn('eve'), createAuthenticator(), { credential })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
  })

  test('needs no user verification to be a second factor', async (t) => {
    const { register, token } = await setUp(t)
    const answer = await register(token, createAuthenticator(), { userVerified: false })
    assert.ok(answer.status < 300, JSON.stringify(answer.body))
  })

  const twists: readonly (readonly [name: string, twist: Twist])[] = [
    ['by a page of another origin', { origin: 'https://evil.example' }],
    ['by a page of our host on another port', { origin: 'http://localhost:3001' }],
    ['by a page of our host over another scheme', { origin: 'https://localhost:3000' }],
    ['in a frame of another origin', { crossOrigin: true }],
    ['below a page of another origin', { topOrigin: 'https://evil.example' }],
    ['for another relying party', { rpId: 'evil.example' }],
    ['with a challenge that is made up', { challenge: 'A'.repeat(43) }],
    ['with no challenge', { challenge: '' }],
    ['as the answer to a log-in', { type: 'webauthn.get' }],
    ['without a user', { userPresent: false }],
    ['under another name than its own', { id: 'AAAAAAAAAAAAAAAAAAAAAA' }],
  ]
  for (const [name, twist] of twists) {
    test(`is refused ${name}`, async (t) => {
      const { register, token, passkeysOf } = await setUp(t)
      const answer = await register(token, createAuthenticator(), twist)
      assert.deepEqual([answer.status, answer.body['code']], [400, 'invalid_passkey'])
      assert.deepEqual(await passkeysOf(), [])
    })
  }

  test('is refused with the reason for developers, and without it in production', async (t) => {
    const twist = { origin: 'https://evil.example' }
    const developing = await setUp(t)
    const told = await developing.register(developing.token, createAuthenticator(), twist)
    assert.match(
      String(told.body['message']),
      /foreign_origin: the page is none of PASSKEY_ORIGINS/,
    )
    const directory = mkdtempSync(join(tmpdir(), 'countersign-passkeys-'))
    const running = await setUp(t, {
      production: true,
      databaseUrl: `sqlite:${join(directory, 'x.db')}`,
    })
    t.after(() => rmSync(directory, { recursive: true }))
    const untold = await running.register(running.token, createAuthenticator(), twist)
    assert.equal(untold.body['message'], 'The answer of the passkey is not valid')
  })

  test('is refused with an algorithm that was not offered', async (t) => {
    const { register, token, passkeysOf } = await setUp(t)
    const algorithm: Algorithm = 'ES384'
    const answer = await register(token, createAuthenticator({ algorithm }))
    assert.equal(answer.body['code'], 'invalid_passkey')
    assert.deepEqual(await passkeysOf(), [])
  })

  test('is refused with a challenge of another purpose, of another account, or too old', async (t) => {
    const { call, token, creationOptions, signInOptions, logIn, clock, passkeysOf } = await setUp(t)
    const own = await creationOptions(token)
    const challenges = [
      (await signInOptions())['challenge'],
      (await creationOptions(await logIn('bob')))['challenge'],
    ]
    for (const challenge of challenges) {
      const response = createAuthenticator().create(own, { challenge: String(challenge) })
      const answer = await call('POST /api/auth/passkeys/register', { token, body: { response } })
      assert.equal(answer.body['code'], 'invalid_passkey')
    }
    clock.advance(5 * minute)
    const response = createAuthenticator().create(own)
    const late = await call('POST /api/auth/passkeys/register', { token, body: { response } })
    assert.equal(late.body['code'], 'invalid_passkey')
    assert.deepEqual(await passkeysOf(), [])
  })

  test('is added once for one challenge, however many answer it at once', async (t) => {
    const { call, token, creationOptions } = await setUp(t)
    const options = await creationOptions(token)
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => {
        const response = createAuthenticator().create(options)
        return call('POST /api/auth/passkeys/register', { token, body: { response } })
      }),
    )
    assert.equal(answers.filter(({ status }) => status < 300).length, 1)
    assert.ok(answers.every(({ status }) => status < 500))
  })

  test('is not added with a challenge that was answered before, rightly or wrongly', async (t) => {
    const { call, token, creationOptions, passkeysOf } = await setUp(t)
    const send = (own: string, response: object) =>
      call('POST /api/auth/passkeys/register', { token: own, body: { response } })
    const spoilt = await creationOptions(token)
    const wrong = createAuthenticator().create(spoilt, { rpId: 'evil.example' })
    assert.equal((await send(token, wrong)).body['code'], 'invalid_passkey')
    const late = await send(token, createAuthenticator().create(spoilt))
    assert.equal(late.body['code'], 'invalid_passkey')
    const options = await creationOptions(token)
    const added = await send(token, createAuthenticator().create(options))
    const now = String(added.body['accessToken'])
    const second = await send(now, createAuthenticator().create(options))
    assert.equal(second.body['code'], 'invalid_passkey')
    assert.equal((await passkeysOf(now)).length, 1)
  })

  test('may come with any attestation, which nobody looks at or follows', async (t) => {
    const { register, token, signIn } = await setUp(t)
    const fetched = t.mock.method(globalThis, 'fetch', () => Promise.reject(new Error('no')))
    const key = createAuthenticator()
    const statement = new Map<string, Cbor>([
      ['alg', -7],
      ['sig', Buffer.alloc(70)],
      ['x5c', [Buffer.from('a certificate, it says')]],
    ])
    const answer = await register(token, key, { attestation: { fmt: 'packed', statement } })
    assert.ok(answer.status < 300, JSON.stringify(answer.body))
    assert.equal((await signIn(key)).status, 200)
    assert.equal(fetched.mock.callCount(), 0)
  })
})
