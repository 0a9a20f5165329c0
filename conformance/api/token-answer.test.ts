import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call, type JsonObject } from '../client/call.fixture.ts'
import {
  claimsOf,
  headerOf,
  logIn,
  newcomer,
  profileOf,
  readCookie,
  readLogin,
  refreshByBody,
  register,
  textOf,
} from '../client/people.fixture.ts'
import { behindEachDoor } from '../targets/target.fixture.ts'

const week = 7 * 24 * 3600

behindEachDoor({}, (target) => {
  test('a log-in answers exactly the announced members, and the refresh token only in the cookie (v5.0.0-3.3.4, v5.0.0-10.1.1)', async () => {
    const { username, password, id } = await register(target())
    const answer = await call(target(), '/api/auth/login', { json: { username, password } })
    const { token, accessToken, tokenType, expiresIn, csrfToken, user, ...rest } = answer.json
    assert.deepEqual(rest, {})
    assert.equal(token, accessToken)
    assert.equal(tokenType, 'Bearer')
    assert.equal(expiresIn, 900)
    assert.match(textOf(csrfToken), /^[\w-]{43}$/)
    assert.equal((user as JsonObject).id, id)
    assert.ok(!answer.text.includes(readCookie(answer).value))
  })

  test('delivery "body" puts the refresh token into the answer and sets no cookie', async () => {
    const { username, password } = await register(target())
    const json = { username, password, delivery: 'body' }
    const answer = await call(target(), '/api/auth/login', { json })
    assert.equal(answer.headers['set-cookie'], undefined)
    const refreshed = await refreshByBody(target(), textOf(answer.json.refreshToken))
    assert.equal(refreshed.status, 200)
    assert.equal(refreshed.headers['set-cookie'], undefined)
    assert.notEqual(refreshed.json.refreshToken, answer.json.refreshToken)
  })

  test('a refresh answers the way its token came, and expiresIn is the life of the token', async () => {
    const { cookie, csrfToken } = await newcomer(target())
    const answer = await call(target(), '/api/auth/refresh', {
      method: 'POST',
      cookie,
      csrf: csrfToken,
    })
    assert.equal(answer.json.refreshToken, undefined)
    const login = readLogin(answer)
    assert.equal(login.csrfToken, csrfToken, 'it is bound to the session')
    const { exp, iat } = claimsOf(login.token) as { exp: number; iat: number }
    assert.equal(exp - iat, answer.json.expiresIn)
  })

  test('the cookie over http is HttpOnly, SameSite=Strict, Path=/ and lives as long as an idle session (v5.0.0-3.3.2, v5.0.0-3.3.5)', async () => {
    const { username, password } = await register(target())
    const answer = await call(target(), '/api/auth/login', { json: { username, password } })
    const { name, value, attributes } = readCookie(answer)
    assert.equal(name, 'refreshToken')
    const expected = ['httponly', `max-age=${week}`, 'path=/', 'samesite=strict']
    assert.deepEqual(attributes, expected)
    assert.ok(name.length + value.length < 4096)
  })

  test('an access token has its type and every claim that is required (RFC 9068 §2.2)', async () => {
    const { token, id, sessionId } = await newcomer(target())
    const { kid, ...header } = headerOf(token)
    assert.deepEqual(header, { alg: 'ES256', typ: 'at+jwt' })
    assert.equal(typeof kid, 'string')
    const { exp, iat, jti, auth_time: authTime, ...claims } = claimsOf(token)
    assert.deepEqual(claims, {
      iss: target().publicUrl,
      aud: target().publicUrl,
      sub: id,
      client_id: 'first-party',
      sid: sessionId,
      epoch: 0,
      roles: ['user'],
      acr: 'sfa',
      amr: ['pwd'],
    })
    assert.equal(authTime, iat)
    assert.ok(Number(exp) - Number(iat) <= 3600, 'at most an hour (RFC 6750 §5.3)')
    assert.equal(Buffer.from(textOf(jti), 'base64url').length, 16)
  })
})

behindEachDoor(
  { doors: ['program', 'express'], variables: { PUBLIC_URL: 'https://auth.example.com' } },
  (target) => {
    test('the cookie over https has the __Host- prefix and is Secure, without a Domain (v5.0.0-3.3.1, v5.0.0-3.3.3, RFC 6265bis §4.1.3)', async () => {
      const { username, password } = await register(target())
      const answer = await call(target(), '/api/auth/login', { json: { username, password } })
      const { name, attributes } = readCookie(answer)
      assert.equal(name, '__Host-refreshToken')
      const expected = ['httponly', `max-age=${week}`, 'path=/', 'samesite=strict', 'secure']
      assert.deepEqual(attributes, expected)
    })

    test('a cookie of the plain name counts for nothing over https: another host of the site could set it', async () => {
      const { refreshToken, csrfToken } = await newcomer(target())
      const options = { method: 'POST', csrf: csrfToken, cookie: `refreshToken=${refreshToken}` }
      const answer = await call(target(), '/api/auth/refresh', options)
      assert.equal(answer.json.message, 'Refresh token required')
    })

    test('a log-out clears the cookie under the attributes that it was set with', async () => {
      const { cookie, csrfToken } = await newcomer(target())
      const options = { method: 'POST', cookie, csrf: csrfToken }
      const answer = await call(target(), '/api/auth/logout', options)
      assert.equal(answer.status, 204)
      const { pair, attributes } = readCookie(answer)
      assert.equal(pair, '__Host-refreshToken=')
      const expected = ['httponly', 'max-age=0', 'path=/', 'samesite=strict', 'secure']
      assert.deepEqual(attributes, expected)
    })
  },
)

behindEachDoor({ doors: ['program'] }, (target) => {
  test('no two tokens are alike, and what is random in them has 128 bits (v5.0.0-7.2.2, v5.0.0-7.2.3, v5.0.0-11.5.1)', async () => {
    const person = await register(target())
    const logins = []
    // A few at a time: a machine that is busy with other things refuses more as too many to hash.
    for (let group = 0; group < 10; group++) {
      const few = Array.from({ length: 4 }, () => logIn(target(), person))
      logins.push(...(await Promise.all(few)))
    }
    assert.equal(countDistinct(logins.map(({ token }) => token)), 40)
    assert.equal(countDistinct(logins.map(({ token }) => textOf(claimsOf(token).jti))), 40)
    assert.equal(countDistinct(logins.map(({ csrfToken }) => csrfToken)), 40)
    // The secret part is the MAC at the end; the session's id before it is public.
    const macs = logins.map(({ refreshToken }) =>
      Buffer.from(refreshToken, 'base64url').subarray(-16),
    )
    assert.equal(countDistinct(macs.map((mac) => mac.toString('hex'))), 40)
    // 40 × 128 fair bits: eight standard deviations around the mean, so that honest randomness never fails.
    const ones = macs.reduce((sum, mac) => sum + countOnes(mac), 0)
    assert.ok(Math.abs(ones - 2560) < 8 * Math.sqrt(5120 / 4), `${ones} of 5120 bits are set`)
  })

  test('a log-in gets a session of its own; no identifier that a client brings along is taken over (v5.0.0-7.2.4)', async () => {
    const person = await register(target())
    const first = await logIn(target(), person)
    const fixed = await logIn(target(), person, {
      cookie: `refreshToken=${'A'.repeat(56)}; sid=${first.sessionId}`,
    })
    assert.notEqual(fixed.sessionId, first.sessionId)
    const again = await logIn(target(), person, { cookie: fixed.cookie })
    assert.notEqual(again.sessionId, fixed.sessionId)
    assert.equal((await profileOf(target(), fixed.token)).status, 401, 'the replaced one is over')
    assert.equal((await refreshByBody(target(), fixed.refreshToken)).status, 401)
    assert.equal((await profileOf(target(), first.token)).status, 200, 'another one is not')
  })
})

function countDistinct(values: readonly string[]): number {
  return new Set(values).size
}

function countOnes(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
}
