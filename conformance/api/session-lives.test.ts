import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { call } from '../client/call.fixture.ts'
import {
  claimsOf,
  logIn,
  newcomer,
  profileOf,
  readCookie,
  refreshByBody,
  register,
  textOf,
} from '../client/people.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import { behindEachDoor, startTarget, type Target } from '../targets/target.fixture.ts'

const minute = 60_000
const day = 24 * 60 * minute

interface TimedTarget extends Target {
  /** The server's time. */
  now(): number
  /** Lets time pass, for the server alone. */
  wait(ms: number): void
}

async function startWithClock(
  t: TestContext,
  variables: Readonly<Record<string, string>> = {},
): Promise<TimedTarget> {
  let now = Date.now()
  const target = await startTarget('express', variables, { clock: () => now })
  t.after(() => target.stop())
  return {
    ...target,
    now: () => now,
    wait: (ms) => {
      now += ms
    },
  }
}

test('a session that is not refreshed for seven days is over, and one that is goes on (v5.0.0-7.3.1)', async (t) => {
  const target = await startWithClock(t)
  const idle = await newcomer(target)
  const used = await newcomer(target)
  target.wait(7 * day - 1)
  const renewed = await refreshByBody(target, used.refreshToken)
  assert.equal(renewed.status, 200)
  target.wait(1)
  assertProblem(await refreshByBody(target, idle.refreshToken), 401, 'invalid_refresh_token')
  target.wait(7 * day - 2)
  assert.equal((await refreshByBody(target, textOf(renewed.json.refreshToken))).status, 200)
})

test('no session outlives ninety days, however often it is refreshed, nor do its tokens and its cookie (v5.0.0-7.3.2, v5.0.0-10.4.8)', async (t) => {
  const target = await startWithClock(t)
  const person = await newcomer(target)
  let { cookie } = person
  const refresh = () =>
    call(target, '/api/auth/refresh', { method: 'POST', cookie, csrf: person.csrfToken })
  for (let days = 0; days < 84; days += 6) {
    target.wait(6 * day)
    const answer = await refresh()
    assert.equal(answer.status, 200)
    cookie = readCookie(answer).pair
  }
  target.wait(6 * day - 5 * minute)
  const last = await refresh()
  assert.equal(last.status, 200)
  assert.equal(last.json.expiresIn, 300, 'the access token is cut to what remains')
  assert.ok(readCookie(last).attributes.includes('max-age=300'))
  cookie = readCookie(last).pair
  target.wait(5 * minute)
  assert.equal((await profileOf(target, textOf(last.json.token))).status, 401)
  assertProblem(await refresh(), 401, 'invalid_refresh_token')
})

test('an access token is refused in the second in which it expires, and not before (v5.0.0-9.2.1, RFC 7519 §4.1.4)', async (t) => {
  const target = await startWithClock(t)
  const { token } = await newcomer(target)
  const { exp } = claimsOf(token) as { exp: number }
  target.wait(exp * 1000 - 1 - target.now())
  assert.equal((await profileOf(target, token)).status, 200)
  target.wait(1)
  const answer = await profileOf(target, token)
  assertProblem(answer, 401, 'invalid_token', 'Invalid or expired token')
})

test('no password ever expires: five years later it still logs in (v5.0.0-6.2.10)', async (t) => {
  const target = await startWithClock(t)
  const person = await register(target)
  target.wait(5 * 365 * day)
  assert.equal((await profileOf(target, (await logIn(target, person)).token)).status, 200)
})

test('the same token within the window gets the same successor, and after it an unused successor is replaced', async (t) => {
  const target = await startWithClock(t)
  const { refreshToken } = await newcomer(target)
  const first = await refreshByBody(target, refreshToken)
  target.wait(30_000 - 1)
  const repeated = await refreshByBody(target, refreshToken)
  assert.equal(repeated.json.refreshToken, first.json.refreshToken)
  assert.notEqual(repeated.json.token, first.json.token)
  target.wait(1)
  const superseding = await refreshByBody(target, refreshToken)
  assert.equal(superseding.status, 200)
  assert.notEqual(superseding.json.refreshToken, first.json.refreshToken)
  assertProblem(
    await refreshByBody(target, textOf(first.json.refreshToken)),
    401,
    'token_revoked',
    'Token has been revoked',
  )
})

test('the lives are what the configuration says', async (t) => {
  const variables = {
    JWT_EXPIRES_IN: '2m',
    SESSION_IDLE: '10m',
    SESSION_MAX: '15m',
    REFRESH_WINDOW: '0',
  }
  const target = await startWithClock(t, variables)
  const person = await register(target)
  const { username, password } = person
  const login = await call(target, '/api/auth/login', { json: { username, password } })
  assert.equal(login.json.expiresIn, 120)
  assert.ok(readCookie(login).attributes.includes('max-age=600'))
  target.wait(9 * minute)
  const { value } = readCookie(login)
  const next = await refreshByBody(target, value)
  assert.equal(next.status, 200)
  const again = await refreshByBody(target, value)
  assert.notEqual(again.json.refreshToken, next.json.refreshToken, 'there is no window')
  target.wait(6 * minute)
  const late = await refreshByBody(target, textOf(again.json.refreshToken))
  assertProblem(late, 401, 'invalid_refresh_token')
})

behindEachDoor({ doors: ['program', 'express'] }, (target) => {
  test('fifty refreshes of one token at once are one step: every answer has the same successor (v5.0.0-2.3.4, v5.0.0-15.4.2)', async () => {
    const { refreshToken } = await newcomer(target())
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => refreshByBody(target(), refreshToken)),
    )
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
    const successors = new Set(answers.map(({ json }) => json.refreshToken))
    assert.equal(successors.size, 1)
    assert.equal((await refreshByBody(target(), textOf([...successors][0]))).status, 200)
  })
})
