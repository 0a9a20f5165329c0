// A principal that is over, walked through every operation of the document. Each was an administrator a moment ago, so
// that no missing role can be what refuses.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { call } from '../client/call.fixture.ts'
import {
  administrator,
  type LoggedIn,
  logIn,
  profileOf,
  readLogin,
  refreshByBody,
  textOf,
} from '../client/people.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import { openConnection } from '../client/raw-connection.fixture.ts'
import { type ApiDocument, type Operation, readDocument } from '../openapi/document.fixture.ts'
import { sampleRequest } from '../openapi/request.fixture.ts'
import { behindEachDoor, newName, newPassword, type Target } from '../targets/target.fixture.ts'

/** Whoever calls; the walk shows that the list is complete. */
const openToEverybody = [
  'register',
  'login',
  'logout',
  'proveSecondFactor',
  'passkeySignInOptions',
  'passkeySignIn',
  'passkeySecondFactorOptions',
  'passkeySecondFactor',
  'forgotPassword',
  'resetPassword',
  'verifyEmail',
  'confirmEmailChange',
  'undoEmailChange',
  'sendSecondFactorCode',
  'requestSignInCode',
  'signInWithCode',
  'signInWithLink',
  'accountPage',
  'accountPageScript',
  'accountPageFields',
  'accountPageSecondFactor',
  'accountPagePasskey',
  'accountPageStyle',
  'developmentMailbox',
  'publicInformation',
  'keySet',
  'serverMetadata',
  'live',
  'ready',
]

type End = (target: Target, victim: LoggedIn) => Promise<void>

const byAdministrator =
  (method: string, path: string, json?: object): End =>
  async (target, victim) => {
    const { token } = await administrator(target)
    const options = { method, token, ...(json && { json }) }
    const answer = await call(target, path.replace('{id}', victim.id), options)
    assert.ok(answer.status === 200 || answer.status === 204, answer.text)
  }

const byThemselves =
  (path: string, body: (victim: LoggedIn) => object | undefined = () => undefined): End =>
  async (target, victim) => {
    const json = body(victim)
    const options = { method: 'POST', token: victim.token, ...(json && { json }) }
    const answer = await call(target, path, options)
    assert.ok(answer.status === 200 || answer.status === 204, answer.text)
  }

const ends: Readonly<Record<string, { readonly end: End; readonly mayLogIn: boolean }>> = {
  disabled: {
    end: byAdministrator('PATCH', '/api/users/{id}', { disabled: true }),
    mayLogIn: false,
  },
  deleted: { end: byAdministrator('DELETE', '/api/users/{id}'), mayLogIn: false },
  'ended by an administrator': {
    end: byAdministrator('DELETE', '/api/users/{id}/sessions'),
    mayLogIn: true,
  },
  'logged out': {
    end: byThemselves('/api/auth/logout', ({ refreshToken }) => ({ refreshToken })),
    mayLogIn: true,
  },
  'logged out everywhere': { end: byThemselves('/api/auth/logout-all'), mayLogIn: true },
  'thrown out by a password change in another session': {
    end: async (target, victim) => {
      const elsewhere = { ...victim, ...(await logIn(target, victim)) }
      const change = byThemselves('/api/auth/password', ({ password }) => ({
        currentPassword: password,
        newPassword: newPassword(),
      }))
      await change(target, elsewhere)
    },
    mayLogIn: false,
  },
  'ended for theft': {
    end: async (target, victim) => {
      const first = await refreshByBody(target, victim.refreshToken)
      const second = await refreshByBody(target, textOf(first.json.refreshToken))
      assert.equal(second.status, 200)
      assert.equal((await refreshByBody(target, victim.refreshToken)).status, 401)
    },
    mayLogIn: true,
  },
}

async function livingAdministrator(target: Target): Promise<LoggedIn> {
  const { token } = await administrator(target)
  const json = { username: newName(), password: newPassword(), role: 'admin' }
  const created = await call(target, '/api/users', { json, token })
  const person = { ...json, id: textOf(created.json.id), ...(await logIn(target, json)) }
  assert.equal((await profileOf(target, person.token)).status, 200)
  return person
}

/** Every account with its standing and its sessions. */
async function takeStock(target: Target): Promise<string> {
  const { token } = await administrator(target)
  const list = await call(target, '/api/users/all?limit=500', { token })
  assert.equal(list.json.nextCursor, null)
  const users = list.json.users as { id: string }[]
  const shown = await Promise.all(
    users.map(({ id }) => call(target, `/api/users/${id}`, { token })),
  )
  return shown.map(({ text }) => text).join('\n')
}

/** Sends all of the request but the last byte of its body, and that when it is told to. @returns the answer */
async function holdBack(
  target: Target,
  { id }: Operation,
  { method, path, json = {}, token }: ReturnType<typeof sampleRequest>,
): Promise<() => Promise<string>> {
  const body = JSON.stringify(json)
  const connection = await openConnection(target)
  const head = [
    `${method} ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${target.port}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Expect: 100-continue',
    'Connection: close',
  ]
  connection.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, -1)}`)
  assert.match(await connection.until(/\r\n\r\n/), /^HTTP\/1\.1 100 /, id)
  // What looks at the head before the body is there has looked by then.
  await sleep(200)
  return async () => {
    connection.write(body.slice(-1))
    await connection.closed
    return connection.received().replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')
  }
}

behindEachDoor({ doors: ['program', 'express'] }, (target) => {
  let document: ApiDocument
  let guarded: readonly Operation[]
  before(async () => {
    document = await readDocument(target())
    guarded = document.operations.filter(({ id }) => !openToEverybody.includes(id))
  })

  test('every operation either proves who calls or is listed as open to everybody', () => {
    const known = new Set(document.operations.map(({ id }) => id))
    assert.deepEqual(
      openToEverybody.filter((id) => !known.has(id)),
      [],
    )
    const unproven = guarded.filter(
      ({ needsToken, readsCookie, isForServices }) => !needsToken && !readsCookie && !isForServices,
    )
    assert.deepEqual(
      unproven.map(({ id }) => id),
      [],
    )
  })

  test('a principal that is over gets nothing from any operation, by any credential (v5.0.0-7.2.1, v5.0.0-7.4.1, v5.0.0-7.4.2, v5.0.0-7.4.3, v5.0.0-7.4.5, v5.0.0-8.3.2)', async (t) => {
    for (const [name, { end, mayLogIn }] of Object.entries(ends)) {
      await t.test(name, async () => {
        const victim = await livingAdministrator(target())
        const object = await livingAdministrator(target())
        await end(target(), victim)
        const earlier = await takeStock(target())
        for (const operation of guarded) {
          for (const about of [object, victim]) {
            const { path, ...request } = sampleRequest(operation, victim, about)
            const answer = await call(target(), path, request)
            assert.equal(answer.status, 401, `${operation.id}: ${answer.text}`)
            document.checkAnswer(operation, answer)
          }
        }
        if (target().door !== 'program') {
          assert.equal((await call(target(), '/host/user', { token: victim.token })).status, 401)
          assert.equal((await call(target(), '/host/admin', { token: victim.token })).status, 401)
        }
        if (!mayLogIn) {
          const { username, password } = victim
          const answer = await call(target(), '/api/auth/login', { json: { username, password } })
          assertProblem(answer, 401, 'invalid_credentials', 'Invalid credentials')
        }
        assert.equal(await takeStock(target()), earlier, 'nothing has changed')
      })
    }
  })

  test('a principal that is over while a body of theirs is on its way gets nothing by it (v5.0.0-7.4.1, v5.0.0-7.4.2, v5.0.0-8.3.2)', async (t) => {
    // Whoever takes no body takes an empty one, as late as any.
    const slow = guarded.filter(({ needsToken, isForm }) => needsToken && !isForm)
    assert.ok(slow.filter(({ body }) => body).length >= 12)
    const demoted = byAdministrator('PATCH', '/api/users/{id}', { role: 'user' })
    for (const [name, end] of [
      ...Object.entries(ends).map(([name, { end }]) => [name, end] as const),
      ['demoted', demoted] as const,
    ]) {
      await t.test(name, async () => {
        const victim = await livingAdministrator(target())
        const held = await Promise.all(
          slow.map((operation) =>
            holdBack(target(), operation, sampleRequest(operation, victim, victim)),
          ),
        )
        await end(target(), victim)
        const earlier = await takeStock(target())
        for (const finish of held) assert.match(await finish(), /^HTTP\/1\.1 401 /)
        assert.equal(await takeStock(target()), earlier, 'nothing has changed')
      })
    }
  })

  test('a demoted administrator keeps the session and loses the rights at once (v5.0.0-8.3.2)', async () => {
    const victim = await livingAdministrator(target())
    const object = await livingAdministrator(target())
    await byAdministrator('PATCH', '/api/users/{id}', { role: 'user' })(target(), victim)
    for (const operation of guarded.filter(({ needsToken }) => needsToken)) {
      const { path, ...request } = sampleRequest(operation, victim, object)
      assert.equal((await call(target(), path, request)).status, 401, operation.id)
    }
    const refreshed = await call(target(), '/api/auth/refresh', {
      method: 'POST',
      cookie: victim.cookie,
      csrf: victim.csrfToken,
    })
    assert.equal(refreshed.status, 200, refreshed.text)
    const renewed = { ...victim, ...readLogin(refreshed) }
    assert.equal((await profileOf(target(), renewed.token)).json.role, 'user')
    const forAdministrators = guarded.filter(({ path }) => /^\/api\/users\/(all|\{id\})/.test(path))
    assert.ok(forAdministrators.length >= 5)
    for (const operation of forAdministrators) {
      const { path, ...request } = sampleRequest(operation, renewed, object)
      const answer = await call(target(), path, request)
      assertProblem(answer, 403, 'insufficient_permissions', 'Insufficient permissions')
    }
  })

  test('an enabled account starts anew: what was revoked stays dead (v5.0.0-7.4.2)', async () => {
    const victim = await livingAdministrator(target())
    await byAdministrator('PATCH', '/api/users/{id}', { disabled: true })(target(), victim)
    await byAdministrator('PATCH', '/api/users/{id}', { disabled: false })(target(), victim)
    assertProblem(await profileOf(target(), victim.token), 401, 'invalid_token')
    assertProblem(await refreshByBody(target(), victim.refreshToken), 401, 'token_revoked')
    const again = await logIn(target(), victim)
    assert.equal((await profileOf(target(), again.token)).status, 200)
  })

  test('the name of a deleted account is free, and its new owner inherits nothing', async () => {
    const victim = await livingAdministrator(target())
    await byAdministrator('DELETE', '/api/users/{id}')(target(), victim)
    const json = { username: victim.username, password: victim.password }
    const answer = await call(target(), '/api/auth/register', { json })
    assert.equal(answer.status, 201)
    const user = answer.json.user as { id: string; role: string }
    assert.notEqual(user.id, victim.id)
    assert.equal(user.role, 'user')
    assertProblem(await profileOf(target(), victim.token), 401, 'invalid_token')
    assertProblem(await refreshByBody(target(), victim.refreshToken), 401, 'user_not_found')
  })
})
