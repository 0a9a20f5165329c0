import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call } from '../client/call.fixture.ts'
import {
  administrator,
  newcomer,
  profileOf,
  readLogin,
  refreshByBody,
} from '../client/people.fixture.ts'
import { behindEachDoor } from '../targets/target.fixture.ts'

behindEachDoor({}, (target) => {
  test('refreshes with the cookie and the CSRF token, and the old access token goes on', async () => {
    const { cookie, csrfToken, token } = await newcomer(target())
    const answer = await call(target(), '/api/auth/refresh', {
      method: 'POST',
      cookie,
      csrf: csrfToken,
    })
    assert.equal(answer.status, 200)
    const next = readLogin(answer)
    assert.notEqual(next.token, token)
    assert.notEqual(next.cookie, cookie)
    assert.equal((await profileOf(target(), next.token)).status, 200)
  })

  test('answers 401 "Refresh token required" without one', async () => {
    const answer = await call(target(), '/api/auth/refresh', { method: 'POST' })
    assert.equal(answer.status, 401)
    assert.equal(answer.json.message, 'Refresh token required')
  })

  test('answers 401 "Invalid refresh token" to one that is not ours', async () => {
    const answer = await refreshByBody(target(), 'abc')
    assert.equal(answer.status, 401)
    assert.equal(answer.json.message, 'Invalid refresh token')
  })

  test('answers 403 "Invalid CSRF token" to a cookie without its token', async () => {
    const { cookie } = await newcomer(target())
    const answer = await call(target(), '/api/auth/refresh', { method: 'POST', cookie })
    assert.equal(answer.status, 403)
    assert.equal(answer.json.message, 'Invalid CSRF token')
  })

  test('answers 401 "Token has been revoked" after a log-out', async () => {
    const { cookie, csrfToken, refreshToken } = await newcomer(target())
    const logout = await call(target(), '/api/auth/logout', {
      method: 'POST',
      cookie,
      csrf: csrfToken,
    })
    assert.equal(logout.status, 204)
    const answer = await refreshByBody(target(), refreshToken)
    assert.equal(answer.status, 401)
    assert.equal(answer.json.message, 'Token has been revoked')
  })

  test('answers 401 "User not found" when the account is gone', async () => {
    const { id, refreshToken } = await newcomer(target())
    const admin = await administrator(target())
    const options = { method: 'DELETE', token: admin.token }
    assert.equal((await call(target(), `/api/users/${id}`, options)).status, 204)
    const answer = await refreshByBody(target(), refreshToken)
    assert.equal(answer.status, 401)
    assert.equal(answer.json.message, 'User not found')
  })
})
