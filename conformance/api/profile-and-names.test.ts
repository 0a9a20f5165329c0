import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, call } from '../client/call.fixture.ts'
import {
  administrator,
  logIn,
  newcomer,
  profileOf,
  refreshByBody,
  register,
} from '../client/people.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import { behindEachDoor, newName, newPassword, type Target } from '../targets/target.fixture.ts'

function change(target: Target, token: string, json: object): Promise<Answer> {
  return call(target, '/api/users', { method: 'PUT', json, token })
}

behindEachDoor({ doors: ['program', 'express after json'] }, (target) => {
  test('a user changes name and address, and keeps what is not sent', async () => {
    const { token, id, password } = await newcomer(target())
    const username = newName()
    const named = await change(target(), token, { username })
    assert.equal(named.status, 200)
    assert.equal(named.json.username, username)
    const noted = await change(target(), token, { email: 'ada@example.org' })
    assert.deepEqual([noted.json.username, noted.json.email], [username, 'ada@example.org'])
    const removed = await change(target(), token, { email: null })
    assert.deepEqual([removed.json.username, removed.json.email], [username, undefined])
    assert.equal((await profileOf(target(), token)).text, removed.text)
    assert.equal((await logIn(target(), { username, password })).sessionId.length, 26)
    assert.equal(removed.json.id, id)
  })

  test('what is so already is no change', async () => {
    const { token, username } = await newcomer(target())
    const noted = await change(target(), token, { email: 'ada@example.org' })
    for (const json of [{}, { username }, { email: 'ada@example.org' }]) {
      const same = await change(target(), token, json)
      assert.deepEqual([same.status, same.text], [200, noted.text])
    }
  })

  test('nothing else of an account can be set by its user (v5.0.0-8.2.3, v5.0.0-15.3.3)', async () => {
    const person = await newcomer(target())
    const earlier = (await profileOf(target(), person.token)).text
    for (const member of [
      { role: 'admin' },
      { roles: ['admin'] },
      { id: 'x' },
      { disabled: false },
      { password: 'another phrase 4711' },
      { passwordHash: 'x' },
      { emailVerified: true },
      { createdAt: '2020-01-01T00:00:00.000Z' },
      { sessionEpoch: 9 },
      { constructor: {} },
    ]) {
      assertProblem(await change(target(), person.token, member), 400, 'invalid_request')
      const json = { username: newName(), password: newPassword(), ...member }
      if ('password' in member) continue
      assertProblem(await call(target(), '/api/auth/register', { json }), 400, 'invalid_request')
    }
    assert.equal((await profileOf(target(), person.token)).text, earlier)
  })

  test('a name that another has is refused in any spelling, the own one in another is not', async () => {
    const other = await register(target(), { username: `${newName()}AbC` })
    const person = await newcomer(target())
    const fullWidth = other.username.replace('A', 'Ａ')
    for (const username of [other.username, other.username.toLowerCase(), fullWidth]) {
      assertProblem(await change(target(), person.token, { username }), 400, 'username_taken')
    }
    const username = person.username.toUpperCase()
    assert.equal((await change(target(), person.token, { username })).json.username, username)
    await logIn(target(), { username: person.username, password: person.password })
  })

  test('names have 3 to 64 ASCII letters, digits, dots, underscores and hyphens', async () => {
    const good = ['abc', 'A-b_c.9', 'a'.repeat(64), '---', '123'].map((name) =>
      name.length === 64 ? newName().padEnd(64, 'x') : `${name}-${newName()}`,
    )
    for (const username of good) {
      assert.equal((await register(target(), { username })).username, username)
    }
    const bad = [
      'ab',
      'a'.repeat(65),
      'a b c',
      ' abc',
      'abc ',
      'abc\n',
      'a\tbc',
      'abc\0',
      'ada@example.org',
      'аdmin',
      'ada\u200bx',
      'ada\u0301',
      'ａ',
      '💩💩💩',
      '<b>x</b>',
      'a/b/c',
      'a%00b',
      '${7*7}',
      '{{7*7}}',
      'ſſſ\u0131',
    ]
    const { token } = await newcomer(target())
    for (const username of bad) {
      const json = { username, password: newPassword() }
      assertProblem(await call(target(), '/api/auth/register', { json }), 400, 'invalid_request')
      assertProblem(await change(target(), token, { username }), 400, 'invalid_request')
    }
  })

  test('an address is a note: its form is checked, it is not unique and logs nobody in (v5.0.0-6.3.6)', async () => {
    const email = `${newName()}@example.org`
    const first = await register(target())
    const json = { username: newName(), password: newPassword(), email }
    assert.equal((await call(target(), '/api/auth/register', { json })).status, 201)
    const { token } = await logIn(target(), first)
    assert.equal((await change(target(), token, { email })).status, 200)
    const login = { username: email, password: json.password }
    const refused = await call(target(), '/api/auth/login', { json: login })
    assertProblem(refused, 401, 'invalid_credentials')
    const bad = ['x', 'a@b', '@example.org', 'a b@example.org', 'a@b@example.org', '']
    const hostile = [
      'a@example.org\r\nBcc: b@example.org',
      '"a"@example.org',
      `a@${'b.'.repeat(200)}org`,
    ]
    for (const wrong of [...bad, ...hostile, `a@example.org\0`, `${'a.'.repeat(4000)}@`]) {
      assertProblem(await change(target(), token, { email: wrong }), 400, 'invalid_request')
    }
  })

  test('a name holds nothing that a page or a header could read as its own (v5.0.0-1.2.1)', async () => {
    for (const username of ['<script>alert(1)</script>', 'x\r\nSet-Cookie: a=b', '" onload="x']) {
      const json = { username, password: newPassword() }
      const answer = await call(target(), '/api/auth/register', { json })
      assertProblem(answer, 400, 'invalid_request')
      assert.ok(!answer.text.includes(username))
      assert.equal(answer.headers['set-cookie'], undefined)
    }
  })

  test('twenty registrations of one name at once make one account (v5.0.0-2.3.4, v5.0.0-15.4.2)', async () => {
    const username = newName()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => {
        const spelling = at % 2 === 0 ? username : username.toUpperCase()
        const json = { username: spelling, password: newPassword() }
        return call(target(), '/api/auth/register', { json })
      }),
    )
    const counts = Map.groupBy(answers, ({ status }) => status)
    assert.equal(counts.get(201)?.length, 1)
    // 503: a slow machine had no room to hash, so that one made nothing either.
    assert.ok(answers.every(({ status }) => [201, 400, 503].includes(status)))
    const { token } = await administrator(target())
    const found = await call(target(), `/api/users/all?q=${username}`, { token })
    assert.equal((found.json.users as unknown[]).length, 1)
  })
})

behindEachDoor({ doors: ['program', 'express'] }, (target) => {
  test('a user sees the own sessions and ends one: that one alone is over, at once (v5.0.0-7.5.2, v5.0.0-10.4.9)', async () => {
    const person = await register(target())
    const agent = { headers: { 'user-agent': `Browser\u00e9 ${'x'.repeat(400)}` } }
    const here = await logIn(target(), person, agent)
    const there = await logIn(target(), person)
    const list = await call(target(), '/api/auth/sessions', { token: here.token })
    const sessions = list.json.sessions as Record<string, unknown>[]
    assert.deepEqual(
      sessions.map(({ id, current }) => [id, current]),
      [
        [there.sessionId, false],
        [here.sessionId, true],
      ],
    )
    const { createdAt, lastUsedAt, userAgent, ip } = sessions[1] ?? {}
    assert.equal(createdAt, lastUsedAt)
    assert.equal(new Date(String(createdAt)).toISOString(), createdAt)
    assert.equal(String(userAgent).length, 256, 'it is cut')
    assert.equal(ip, '127.0.0.1')
    const path = `/api/auth/sessions/${there.sessionId}`
    const ended = await call(target(), path, { method: 'DELETE', token: here.token })
    assert.equal(ended.status, 204)
    assertProblem(await profileOf(target(), there.token), 401, 'invalid_token')
    assertProblem(await refreshByBody(target(), there.refreshToken), 401, 'token_revoked')
    assert.equal((await profileOf(target(), here.token)).status, 200)
    const again = await call(target(), path, { method: 'DELETE', token: here.token })
    assertProblem(again, 404, 'not_found')
  })

  test('a session of another user is not there, neither to see nor to end (v5.0.0-8.2.2)', async () => {
    const victim = await newcomer(target())
    const other = await newcomer(target())
    const path = `/api/auth/sessions/${victim.sessionId}`
    const answer = await call(target(), path, { method: 'DELETE', token: other.token })
    assertProblem(answer, 404, 'not_found', 'Resource not found')
    const list = await call(target(), '/api/auth/sessions', { token: other.token })
    assert.ok(!list.text.includes(victim.sessionId))
    assert.equal((await profileOf(target(), victim.token)).status, 200)
  })

  test('logout-all ends every session of the user, and nobody else’s', async () => {
    const person = await register(target())
    const logins = [await logIn(target(), person), await logIn(target(), person)]
    const bystander = await newcomer(target())
    const [first] = logins
    const options = { method: 'POST', token: first?.token ?? '' }
    assert.equal((await call(target(), '/api/auth/logout-all', options)).status, 204)
    for (const login of logins) {
      assertProblem(await profileOf(target(), login.token), 401, 'invalid_token')
      assertProblem(await refreshByBody(target(), login.refreshToken), 401, 'token_revoked')
    }
    assert.equal((await profileOf(target(), bystander.token)).status, 200)
  })
})
