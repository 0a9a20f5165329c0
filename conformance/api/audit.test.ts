// What an operator finds afterwards: rows in the database and lines in the log.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { type Answer, call } from '../client/call.fixture.ts'
import {
  administrator,
  logIn,
  newcomer,
  refreshByBody,
  register,
  textOf,
} from '../client/people.fixture.ts'
import { behindEachDoor, newName, newPassword, type Target } from '../targets/target.fixture.ts'

interface Row {
  readonly at: number
  readonly type: string
  readonly actor_id: string | null
  readonly subject_id: string | null
  readonly session_id: string | null
  readonly ip: string | null
  readonly user_agent: string | null
  readonly request_id: string | null
  readonly detail: string
}

function eventsOf({ databaseFile }: Target, answer: Answer): Row[] {
  using database = new DatabaseSync(databaseFile, { readOnly: true, timeout: 5000 })
  const requestId = textOf(answer.headers['x-request-id'])
  const query = 'SELECT * FROM audit_events WHERE request_id = ? ORDER BY id'
  return database.prepare(query).all(requestId) as unknown as Row[]
}

behindEachDoor({ doors: ['program', 'express'] }, (target) => {
  const post = (path: string, options: object): Promise<Answer> =>
    call(target(), path, { method: 'POST', headers: { 'user-agent': 'Suite/1' }, ...options })

  test('every act that matters is a row as soon as it is answered: when, where, who and what (v5.0.0-16.2.1, v5.0.0-16.2.2, v5.0.0-16.3.1)', async () => {
    const username = newName()
    const password = newPassword()
    const started = Date.now()
    const registered = await post('/api/auth/register', { json: { username, password } })
    const { id } = registered.json.user as { id: string }
    const failed = await post('/api/auth/login', { json: { username, password: 'wrong' } })
    const loggedIn = await post('/api/auth/login', { json: { username, password } })
    const token = textOf(loggedIn.json.token)
    const wrong = { currentPassword: 'wrong', newPassword: newPassword() }
    const unchanged = await post('/api/auth/password', { json: wrong, token })
    const loggedOut = await post('/api/auth/logout', { token })
    for (const [answer, type, detail] of [
      [registered, 'account.registered', {}],
      [failed, 'sign_in.failed', { reason: 'wrong_password', factor: 'password' }],
      [loggedIn, 'sign_in.succeeded', { factor: 'password' }],
      [unchanged, 'password.change_failed', {}],
      [loggedOut, 'session.ended', { reason: 'signed_out' }],
    ] as const) {
      const rows = eventsOf(target(), answer)
      assert.deepEqual(
        rows.map((row) => row.type),
        [type],
      )
      const [row] = rows
      assert.ok(row && row.at >= started && row.at <= Date.now())
      assert.equal(row.subject_id, id)
      assert.deepEqual([row.ip, row.user_agent], ['127.0.0.1', 'Suite/1'])
      assert.deepEqual(JSON.parse(row.detail), detail)
    }
    const unknown = await post('/api/auth/login', { json: { username: newName(), password } })
    const [row] = eventsOf(target(), unknown)
    assert.deepEqual([row?.type, row?.subject_id], ['sign_in.failed', null])
  })

  test('what is refused for its rights, its origin or its limit is a row (v5.0.0-16.3.2, v5.0.0-16.3.3)', async () => {
    const person = await newcomer(target())
    const { token, cookie, csrfToken, refreshToken } = person
    const denied = await call(target(), '/api/users/all', { token })
    const foreign = await post('/api/auth/refresh', {
      cookie,
      csrf: csrfToken,
      headers: { origin: 'https://evil.example' },
    })
    const unproven = await post('/api/auth/refresh', { cookie })
    const next = await refreshByBody(target(), refreshToken)
    await refreshByBody(target(), textOf(next.json.refreshToken))
    const theft = await refreshByBody(target(), refreshToken)
    for (const [answer, type] of [
      [denied, 'access.denied'],
      [foreign, 'csrf.refused'],
      [unproven, 'csrf.refused'],
      [theft, 'session.theft'],
    ] as const) {
      const types = eventsOf(target(), answer).map((row) => row.type)
      assert.deepEqual(types, [type])
    }
  })

  test('what an administrator does names both, the actor and the subject (v5.0.0-16.2.1)', async () => {
    const admin = await administrator(target())
    const { id } = await register(target())
    const options = { method: 'PATCH', json: { role: 'admin', disabled: true }, token: admin.token }
    const changed = await call(target(), `/api/users/${id}`, options)
    const rows = eventsOf(target(), changed)
    const types = rows.map(({ type }) => type).sort()
    assert.deepEqual(types, ['account.disabled', 'account.role_changed'])
    for (const row of rows) {
      assert.deepEqual([row.actor_id, row.subject_id], [admin.id, id])
    }
  })

  test('a caller can write no line of the log and no row but as data (v5.0.0-16.4.1, v5.0.0-1.2.1)', async () => {
    // obs-text and a tab are what a field value can carry; line breaks end the header before we see them.
    const agent = `x"} {"level":"fatal"}\t\u0080\u009b31m'); DROP TABLE audit_events; --`
    const username = 'ada\n{"level":"fatal","msg":"forged"}\r\n\u001b[31m\u2028'
    const json = { username, password: 'wrong' }
    const answer = await post('/api/auth/login', { json, headers: { 'user-agent': agent } })
    assert.equal(answer.status, 401)
    const [row] = eventsOf(target(), answer)
    // A byte of those would command the terminal in which somebody reads the log.
    assert.equal(row?.user_agent, agent.replaceAll(/[\t\u0080\u009b]/g, ' '))
    assert.doesNotMatch(target().log(), /[\u007f-\u009f]/)
    const lines = target()
      .log()
      .split('\n')
      .filter((line) => line.includes(textOf(answer.headers['x-request-id'])))
    assert.equal(lines.length, 1)
    const line = JSON.parse(lines[0] ?? '') as { level: string; msg: string }
    assert.deepEqual([line.level, line.msg], ['warn', 'sign_in.failed'])
    assert.doesNotMatch(target().log(), /"level":"fatal"/)
  })

  test('no secret that was used stands in the log or anywhere in the data directory (v5.0.0-16.2.5)', async () => {
    const person = await newcomer(target())
    const wrong = newPassword()
    await post('/api/auth/login', { json: { username: person.username, password: wrong } })
    // The classic slip: the password typed into the field of the name.
    await post('/api/auth/login', { json: { username: person.password, password: wrong } })
    const refreshed = await refreshByBody(target(), person.refreshToken)
    const second = await logIn(target(), person)
    await post('/api/auth/refresh', { json: { refreshToken: `${second.refreshToken}x` } })
    await call(target(), `/api/users?access_token=${second.token}`)
    const secrets = [
      person.password,
      wrong,
      person.token,
      person.refreshToken,
      person.csrfToken,
      textOf(refreshed.json.token),
      textOf(refreshed.json.refreshToken),
      second.token,
      second.refreshToken,
      target().administrator.password,
    ]
    const directory = dirname(target().databaseFile)
    const files = readdirSync(directory).filter((name) => name !== 'secret')
    assert.ok(files.length >= 1)
    const places = [
      target().log(),
      ...files.map((name) => readFileSync(join(directory, name), 'latin1')),
    ]
    for (const secret of secrets) {
      assert.ok(
        places.every((text) => !text.includes(secret)),
        'a secret was written down',
      )
      const signature = secret.split('.').at(-1) ?? secret
      assert.ok(places.every((text) => !text.includes(signature)))
    }
  })
})
