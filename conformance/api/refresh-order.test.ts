// The answers of a refresh in the order that API.md fixes. Each case has the mistake of its own line and, where both can
// be had at once, that of the next: the earlier one has to decide.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, call } from '../client/call.fixture.ts'
import {
  administrator,
  type LoggedIn,
  newcomer,
  profileOf,
  refreshByBody,
  textOf,
} from '../client/people.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import { behindEachDoor, startTarget, type Target } from '../targets/target.fixture.ts'

const foreign = { origin: 'https://evil.example' }

function refresh(
  target: Target,
  parts: { cookie?: string; csrf?: string; headers?: Record<string, string> },
): Promise<Answer> {
  return call(target, '/api/auth/refresh', { method: 'POST', ...parts })
}

/** Two steps on, so that the token of the log-in is superseded. */
async function moveOn(target: Target, person: LoggedIn): Promise<void> {
  const second = await refreshByBody(target, person.refreshToken)
  assert.equal((await refreshByBody(target, textOf(second.json.refreshToken))).status, 200)
}

async function remove(target: Target, { id }: LoggedIn): Promise<void> {
  const { token } = await administrator(target)
  const answer = await call(target, `/api/users/${id}`, { method: 'DELETE', token })
  assert.equal(answer.status, 204)
}

async function logOut(target: Target, { token }: LoggedIn): Promise<void> {
  assert.equal((await call(target, '/api/auth/logout', { method: 'POST', token })).status, 204)
}

behindEachDoor({}, (target) => {
  test('refresh order 1: no token, though the origin is wrong as well', async () => {
    const answer = await refresh(target(), { headers: foreign })
    assertProblem(answer, 401, 'refresh_token_required', 'Refresh token required')
  })

  test('refresh order 2: a wrong origin, though the token is malformed as well', async () => {
    for (const cookie of ['refreshToken=x', 'refreshToken=%00', `refreshToken=${'A'.repeat(56)}`]) {
      const answer = await refresh(target(), { cookie, headers: foreign })
      assertProblem(answer, 403, 'origin_not_allowed')
    }
  })

  test('refresh order 3: malformed, unknown or with a wrong HMAC, though the CSRF token is wrong as well', async () => {
    const { refreshToken } = await newcomer(target())
    const bytes = Buffer.from(refreshToken, 'base64url')
    const alter = (at: number): string => {
      const altered = Buffer.from(bytes)
      altered[at] = (altered[at] ?? 0) ^ 1
      return altered.toString('base64url')
    }
    const forgeries = Array.from(bytes.keys(), alter)
    const malformed = ['x', `${refreshToken}A`, refreshToken.slice(1), `${refreshToken}=`]
    for (const text of [...forgeries, ...malformed]) {
      const answer = await refresh(target(), { cookie: `refreshToken=${text}`, csrf: 'wrong' })
      assertProblem(answer, 401, 'invalid_refresh_token', 'Invalid refresh token')
    }
    assert.equal((await refreshByBody(target(), refreshToken)).status, 200, 'nothing has changed')
  })

  test('refresh order 4: a wrong CSRF token, though the account is deleted as well', async () => {
    const person = await newcomer(target())
    await remove(target(), person)
    for (const csrf of ['wrong', '', (await newcomer(target())).csrfToken]) {
      const answer = await refresh(target(), { cookie: person.cookie, csrf })
      assertProblem(answer, 403, 'invalid_csrf_token', 'Invalid CSRF token')
    }
  })

  test('refresh order 5: a deleted account, though the session has ended as well', async () => {
    const person = await newcomer(target())
    await logOut(target(), person)
    await remove(target(), person)
    const answer = await refresh(target(), { cookie: person.cookie, csrf: person.csrfToken })
    assertProblem(answer, 401, 'user_not_found', 'User not found')
  })

  test('refresh order 6: an ended session, though the token is superseded as well', async () => {
    const person = await newcomer(target())
    await moveOn(target(), person)
    await logOut(target(), person)
    const answer = await refresh(target(), { cookie: person.cookie, csrf: person.csrfToken })
    assertProblem(answer, 401, 'token_revoked', 'Token has been revoked')
  })

  test('refresh order 8: a superseded token ends the session, its access tokens included (v5.0.0-10.4.5, RFC 9700 §4.14.2)', async () => {
    const person = await newcomer(target())
    const second = await refreshByBody(target(), person.refreshToken)
    const third = await refreshByBody(target(), textOf(second.json.refreshToken))
    const answer = await refresh(target(), { cookie: person.cookie, csrf: person.csrfToken })
    assertProblem(answer, 401, 'token_revoked', 'Token has been revoked')
    assert.equal((await profileOf(target(), textOf(third.json.token))).status, 401)
    const successor = await refreshByBody(target(), textOf(third.json.refreshToken))
    assertProblem(successor, 401, 'token_revoked')
  })
})

test('refresh order 6 and 7: an ended session before an expired one, an expired one before a superseded token', async (t) => {
  let ahead = 0
  const target = await startTarget('express', {}, { clock: () => Date.now() + ahead })
  t.after(() => target.stop())
  const ended = await newcomer(target)
  await logOut(target, ended)
  const superseded = await newcomer(target)
  await moveOn(target, superseded)
  ahead = 8 * 24 * 3_600_000
  const first = await refresh(target, { cookie: ended.cookie, csrf: ended.csrfToken })
  assertProblem(first, 401, 'token_revoked', 'Token has been revoked')
  const second = await refresh(target, { cookie: superseded.cookie, csrf: superseded.csrfToken })
  assertProblem(second, 401, 'invalid_refresh_token', 'Invalid refresh token')
})

behindEachDoor({ doors: ['program', 'express'] }, (target) => {
  test('GET csrf refuses in the same order, and is no oracle for a dead session', async () => {
    const csrf = (cookie: string | undefined, headers = {}) =>
      call(target(), '/api/auth/csrf', { headers, ...(cookie !== undefined && { cookie }) })
    assertProblem(await csrf(undefined, foreign), 401, 'refresh_token_required')
    assertProblem(await csrf('refreshToken=x', foreign), 403, 'origin_not_allowed')
    assertProblem(await csrf('refreshToken=x'), 401, 'invalid_refresh_token')
    const person = await newcomer(target())
    const answer = await csrf(person.cookie)
    assert.deepEqual(answer.json, { csrfToken: person.csrfToken })
    await logOut(target(), person)
    assertProblem(await csrf(person.cookie), 401, 'token_revoked')
    await remove(target(), person)
    assertProblem(await csrf(person.cookie), 401, 'user_not_found')
  })
})
