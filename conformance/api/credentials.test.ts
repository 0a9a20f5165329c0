// Which credential counts: the refresh token of the body, else Bearer (log-out only), else the cookie with its CSRF token.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call } from '../client/call.fixture.ts'
import { newcomer, profileOf, refreshByBody, textOf } from '../client/people.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import { behindEachDoor, type Target } from '../targets/target.fixture.ts'

async function isAlive(target: Target, { token }: { token: string }): Promise<boolean> {
  return (await profileOf(target, token)).status === 200
}

behindEachDoor({}, (target) => {
  test('a refresh token in the body counts before the cookie, and needs no CSRF token', async () => {
    const inBody = await newcomer(target())
    const inCookie = await newcomer(target())
    const answer = await call(target(), '/api/auth/refresh', {
      json: { refreshToken: inBody.refreshToken },
      cookie: inCookie.cookie,
      headers: { origin: 'https://evil.example' },
    })
    assert.equal(answer.status, 200)
    assert.equal((answer.json.user as { id: string }).id, inBody.id)
    assert.equal(answer.headers['set-cookie'], undefined)
  })

  test('a bad refresh token in the body is refused, however good the cookie', async () => {
    const { cookie, csrfToken } = await newcomer(target())
    const options = { json: { refreshToken: 'x' }, cookie, csrf: csrfToken }
    assertProblem(await call(target(), '/api/auth/refresh', options), 401, 'invalid_refresh_token')
  })

  test('an empty refresh token in the body, an empty body and no body leave it to the cookie', async () => {
    for (const json of [{ refreshToken: '' }, {}, undefined]) {
      const { cookie, csrfToken } = await newcomer(target())
      const options = { method: 'POST', json, cookie, csrf: csrfToken }
      const answer = await call(target(), '/api/auth/refresh', options)
      assert.equal(answer.status, 200, answer.text)
      assert.equal(answer.headers['set-cookie']?.length, 1)
    }
  })

  test('an access token refreshes nothing', async () => {
    const { token } = await newcomer(target())
    const answer = await call(target(), '/api/auth/refresh', { method: 'POST', token })
    assertProblem(answer, 401, 'refresh_token_required', 'Refresh token required')
  })

  test('a cookie that is sent twice is refused: which one is ours cannot be known', async () => {
    const first = await newcomer(target())
    const second = await newcomer(target())
    const cookie = `${first.cookie}; ${second.cookie}`
    for (const csrf of [first.csrfToken, second.csrfToken]) {
      const answer = await call(target(), '/api/auth/refresh', { method: 'POST', cookie, csrf })
      assertProblem(answer, 401, 'invalid_refresh_token')
    }
  })

  test('a log-out takes the body before Bearer, and Bearer before the cookie', async () => {
    const [body, bearer, jar] = [
      await newcomer(target()),
      await newcomer(target()),
      await newcomer(target()),
    ]
    const all = { token: bearer.token, cookie: jar.cookie, csrf: jar.csrfToken, method: 'POST' }
    const first = await call(target(), '/api/auth/logout', {
      ...all,
      json: { refreshToken: body.refreshToken },
    })
    assert.equal(first.status, 204)
    assert.deepEqual(
      [
        await isAlive(target(), body),
        await isAlive(target(), bearer),
        await isAlive(target(), jar),
      ],
      [false, true, true],
    )
    assert.equal((await call(target(), '/api/auth/logout', all)).status, 204)
    assert.deepEqual([await isAlive(target(), bearer), await isAlive(target(), jar)], [false, true])
    // A dead access token hides no cookie: decisions/004.
    assert.equal((await call(target(), '/api/auth/logout', all)).status, 204)
    assert.equal(await isAlive(target(), jar), false)
  })

  test('a log-out is idempotent, also without any credential or with a forged one', async () => {
    const { refreshToken } = await newcomer(target())
    for (const json of [
      { refreshToken },
      { refreshToken },
      { refreshToken: 'forged' },
      undefined,
    ]) {
      const answer = await call(target(), '/api/auth/logout', { method: 'POST', json })
      assert.equal(answer.status, 204)
      assert.equal(answer.text, '')
    }
  })

  test('any generation of a refresh token logs its session out, and nobody else can', async () => {
    const person = await newcomer(target())
    const second = await refreshByBody(target(), person.refreshToken)
    const third = await refreshByBody(target(), textOf(second.json.refreshToken))
    const forged = Buffer.from(person.refreshToken, 'base64url')
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
    const json = { refreshToken: forged.toString('base64url') }
    assert.equal((await call(target(), '/api/auth/logout', { json })).status, 204)
    assert.equal(await isAlive(target(), { token: textOf(third.json.token) }), true)
    await call(target(), '/api/auth/logout', { json: { refreshToken: person.refreshToken } })
    assert.equal(await isAlive(target(), { token: textOf(third.json.token) }), false)
    const answer = await refreshByBody(target(), textOf(third.json.refreshToken))
    assertProblem(answer, 401, 'token_revoked', 'Token has been revoked')
  })
})
