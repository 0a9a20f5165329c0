import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { readSignedIn, startTestServer, testPassword } from '../countersign.fixture.ts'
import { readClaims } from '../tokens/issuer.fixture.ts'

const minute = 60_000

async function setUp(t: TestContext) {
  const server = await startTestServer(t)
  await server.open('root', 'admin')
  const admin = await server.signIn('root')
  const create = (token: string, username: string) =>
    server.call('POST /api/users', { token, body: { username, password: testPassword } })
  const stepUp = (token: string, password = testPassword) =>
    server.call('POST /api/auth/step-up', { token, body: { password, delivery: 'body' } })
  return { server, admin, create, stepUp }
}

describe('a dangerous act', () => {
  test('is free for as long after the log-in as is configured, and not a second longer', async (t) => {
    const { server, admin, create } = await setUp(t)
    server.clock.advance(14 * minute)
    const { body } = await server.refresh(admin.refreshToken)
    const token = String(body['accessToken'])
    server.clock.advance(minute)
    assert.equal((await create(token, 'ada')).status, 201)
    server.clock.advance(1_000)
    const refused = await create(token, 'bob')
    assert.equal(refused.status, 401)
    assert.equal(refused.body['code'], 'insufficient_user_authentication')
    const challenge = refused.headers.get('www-authenticate') ?? ''
    assert.match(challenge, /^Bearer error="insufficient_user_authentication", .*max_age="900"$/)
    assert.equal((await server.call('GET /api/users/all', { token })).status, 200)
  })

  test('is not made possible by a refresh, which leaves auth_time as it was', async (t) => {
    const { server, admin, create } = await setUp(t)
    const { auth_time: before, amr, acr } = readClaims(admin.accessToken)
    server.clock.advance(16 * minute)
    const { body } = await server.refresh(admin.refreshToken)
    const token = String(body['accessToken'])
    assert.deepEqual([amr, acr], [['pwd'], 'sfa'])
    assert.equal(readClaims(token)['auth_time'], before)
    assert.equal((await create(token, 'ada')).status, 401)
  })
})

// Whatever would outlast a stolen session: other accounts, the way back into one's own, what proves who one is.
const dangerous = [
  'POST /api/users',
  'PATCH /api/users/{id}',
  'DELETE /api/users/{id}',
  'DELETE /api/users/{id}/sessions',
  'DELETE /api/auth/account',
  'POST /api/auth/email',
  'POST /api/auth/mfa/factors/email',
  'PATCH /api/auth/mfa/factors/{id}',
  'DELETE /api/auth/mfa/factors/{id}',
  'POST /api/auth/mfa/recovery-codes',
  'POST /api/auth/mfa/totp',
  'POST /api/auth/mfa/totp/confirm',
  'POST /api/auth/passkeys/register/options',
  'POST /api/auth/passkeys/register',
]

test('every dangerous act needs a recent log-in', async (t) => {
  const { server, admin } = await setUp(t)
  server.clock.advance(16 * minute)
  const { body } = await server.refresh(admin.refreshToken)
  const token = String(body['accessToken'])
  for (const route of dangerous) {
    const refused = await server.call(route.replace('{id}', admin.userId), { token })
    assert.equal(refused.body['code'], 'insufficient_user_authentication', route)
  }
  assert.equal((await server.call('GET /api/users', { token })).status, 200)
})

describe('step-up', () => {
  test('answers as a log-in does, and its token opens dangerous acts', async (t) => {
    const { server, admin, create, stepUp } = await setUp(t)
    server.clock.advance(16 * minute)
    const { body } = await server.refresh(admin.refreshToken)
    const answer = await stepUp(String(body['accessToken']))
    assert.equal(answer.status, 200)
    const stepped = readSignedIn(answer)
    assert.equal(stepped.userId, admin.userId)
    assert.equal((await create(stepped.accessToken, 'ada')).status, 201)
  })

  test('puts a new session in the place of the old, whose tokens are dead', async (t) => {
    const { server, admin, stepUp } = await setUp(t)
    const stepped = readSignedIn(await stepUp(admin.accessToken))
    assert.notEqual(stepped.sessionId, admin.sessionId)
    assert.equal((await server.call('GET /api/users', { token: admin.accessToken })).status, 401)
    assert.equal((await server.refresh(admin.refreshToken)).status, 401)
    assert.equal((await server.refresh(stepped.refreshToken)).status, 200)
  })

  test('refuses a wrong password without touching the session, and counts it', async (t) => {
    const { server, admin, stepUp } = await setUp(t)
    for (let count = 0; count < 10; count++) {
      const answer = await stepUp(admin.accessToken, 'a wrong password')
      assert.deepEqual([answer.status, answer.body['code']], [400, 'invalid_password'])
    }
    assert.equal((await stepUp(admin.accessToken)).status, 429)
    assert.equal((await server.call('GET /api/users', { token: admin.accessToken })).status, 200)
  })

  test('and a password change are tried so often from all addresses, and a log-in is counted apart', async (t) => {
    const server = await startTestServer(t, { trustedProxies: 1, rateLimitAccount: '6/1h' })
    await server.open('ada')
    const { accessToken: token } = await server.signIn('ada')
    const tryFrom = async (turn: number, password: string) => {
      const headers = { 'x-forwarded-for': `198.51.100.${turn}` }
      const isStepUp = turn % 2 === 0
      const answer = isStepUp
        ? await server.call('POST /api/auth/step-up', { token, headers, body: { password } })
        : await server.call('POST /api/auth/password', {
            token,
            headers,
            body: { currentPassword: password, newPassword: 'another long password' },
          })
      return answer.status
    }
    for (let turn = 0; turn < 6; turn++) assert.equal(await tryFrom(turn, 'a wrong one'), 400)
    assert.deepEqual([await tryFrom(6, testPassword), await tryFrom(7, testPassword)], [429, 429])
    await server.signIn('ada')
    server.clock.advance(60 * minute)
    const { accessToken } = await server.signIn('ada')
    const body = { password: testPassword }
    const later = await server.call('POST /api/auth/step-up', { token: accessToken, body })
    assert.equal(later.status, 200)
  })

  test('is for those who have a session', async (t) => {
    const { server } = await setUp(t)
    const body = { password: testPassword }
    assert.equal((await server.call('POST /api/auth/step-up', { body })).status, 401)
  })
})

describe('the second step of a log-in', () => {
  test('with an mfaToken of nobody is refused', async (t) => {
    const { server } = await setUp(t)
    const answerTo = async (mfaToken: string) => {
      const body = { mfaToken, factor: 'totp', code: '000000' }
      const answer = await server.call('POST /api/auth/mfa', { body })
      return `${answer.status} ${String(answer.body['code'])}`
    }
    for (const mfaToken of ['x', 'A'.repeat(1_000)]) {
      assert.equal(await answerTo(mfaToken), '401 invalid_mfa_token')
    }
    for (const none of ['', ' x', 'x=']) assert.equal(await answerTo(none), '400 invalid_request')
  })

  test('is asked for by a policy, and no session comes without it', async (t) => {
    const server = await startTestServer(t, { secondFactor: 'admin' })
    await server.open('root', 'admin')
    await server.open('ada')
    const body = { username: 'root', password: testPassword, delivery: 'body' }
    const answer = await server.call('POST /api/auth/login', { body })
    assert.deepEqual([answer.status, answer.body['code']], [401, 'mfa_enrollment_required'])
    assert.equal(answer.headers.get('set-cookie'), null)
    const { mfaToken } = answer.body
    const guess = { mfaToken, factor: 'password', code: testPassword }
    const again = await server.call('POST /api/auth/mfa', { body: guess })
    assert.deepEqual([again.status, again.body['code']], [400, 'invalid_code'])
    await server.signIn('ada')
  })
})
