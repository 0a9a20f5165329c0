import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call } from '../client/call.fixture.ts'
import { newcomer, refreshByBody, register } from '../client/people.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import { exchange } from '../client/raw-connection.fixture.ts'
import { behindEachDoor, newName } from '../targets/target.fixture.ts'

behindEachDoor({}, (target) => {
  test('a method that a path does not have gets 405 with what it has in Allow (RFC 9110 §15.5.6, v5.0.0-4.1.4)', async () => {
    for (const [method, path, allow] of [
      ['GET', '/api/auth/login', 'POST, OPTIONS'],
      ['DELETE', '/api/users', 'GET, PUT, POST, HEAD, OPTIONS'],
      ['POST', '/api/users/public', 'GET, HEAD, OPTIONS'],
      ['PATCH', '/api/users/all', 'GET, HEAD, OPTIONS'],
      ['PUT', '/api/auth/sessions/x', 'DELETE, OPTIONS'],
      ['POST', '/health/live', 'GET, HEAD, OPTIONS'],
      ['PROPFIND', '/api/users', 'GET, PUT, POST, HEAD, OPTIONS'],
    ] as const) {
      const answer = await call(target(), path, { method })
      assertProblem(answer, 405, 'method_not_allowed', 'Method not allowed')
      assert.equal(answer.headers.allow, allow)
    }
  })

  test('TRACE is refused and echoes nothing (v5.0.0-13.4.4)', async () => {
    const headers = { authorization: 'Bearer echo-me', cookie: 'refreshToken=echo-me' }
    for (const path of ['/api/users', '/api/auth/login', '/health/live']) {
      const answer = await call(target(), path, { method: 'TRACE', headers })
      assertProblem(answer, 405, 'method_not_allowed')
      assert.ok(!answer.text.includes('echo-me'))
    }
  })

  test('CONNECT opens no tunnel', async () => {
    const received = await exchange(target(), 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.doesNotMatch(received, /^HTTP\/1\.1 2/)
  })

  test('HEAD answers as GET does, without the content (RFC 9110 §9.3.2)', async () => {
    const { token, cookie } = await newcomer(target())
    for (const path of ['/api/users', '/api/users/public', '/health/live', '/api/auth/csrf']) {
      const got = await call(target(), path, { token, cookie })
      const head = await call(target(), path, { method: 'HEAD', token, cookie })
      assert.equal(head.status, got.status, path)
      assert.equal(head.text, '')
      assert.equal(head.headers['content-type'], got.headers['content-type'])
      assert.equal(head.headers['content-length'], `${Buffer.byteLength(got.text)}`)
    }
    assert.equal((await call(target(), '/api/users', { method: 'HEAD' })).status, 401)
  })

  test('OPTIONS without a preflight lists the methods', async () => {
    const answer = await call(target(), '/api/users', { method: 'OPTIONS' })
    assert.equal(answer.status, 204)
    assert.equal(answer.text, '')
    assert.equal(answer.headers.allow, 'GET, PUT, POST, HEAD, OPTIONS')
  })

  test('401 without a token challenges with Bearer alone, with a bad one it names the error (RFC 6750 §3.1)', async () => {
    const withoutToken = [
      await call(target(), '/api/users'),
      await call(target(), '/api/users', { headers: { authorization: 'Basic YTpi' } }),
      await call(target(), '/api/users', { headers: { authorization: 'Bearer' } }),
      await call(target(), '/api/auth/refresh', { method: 'POST' }),
      await call(target(), '/api/auth/login', { json: { username: newName(), password: 'x' } }),
    ]
    for (const answer of withoutToken) {
      assert.equal(answer.status, 401)
      assert.equal(answer.headers['www-authenticate'], 'Bearer')
    }
    const withBadToken = [
      await call(target(), '/api/users', { token: 'x' }),
      await call(target(), '/api/users/all', { token: 'x' }),
      await refreshByBody(target(), 'x'),
    ]
    for (const answer of withBadToken) {
      assert.equal(answer.status, 401)
      assert.equal(answer.headers['www-authenticate'], 'Bearer error="invalid_token"')
    }
  })

  test('a challenge stands on 401 alone', async () => {
    const { token } = await newcomer(target())
    for (const path of ['/api/users', '/api/users/all', '/api/users/public']) {
      const answer = await call(target(), path, { token })
      assert.notEqual(answer.status, 401)
      assert.equal(answer.headers['www-authenticate'], undefined)
    }
  })

  test('a request that is not valid is told every mistake, and never its own value (RFC 9457)', async () => {
    const json = { username: 4711, password: null, role: 'admin', surprise: 'sensitive-value' }
    const answer = await call(target(), '/api/auth/register', { json })
    assertProblem(answer, 400, 'invalid_request')
    const errors = answer.json.errors as { path: string; code: string; message: string }[]
    const found = errors.map(({ path, code }) => `${path} ${code}`).sort()
    assert.deepEqual(found, [
      'password wrong_type',
      'role unknown_member',
      'surprise unknown_member',
      'username wrong_type',
    ])
    assert.doesNotMatch(answer.text, /4711|sensitive-value/)
  })

  test('every request has an id of its own, in the answer and in the header, and never the caller’s', async () => {
    const headers = { 'x-request-id': 'chosen-by-the-caller' }
    const first = await call(target(), '/api/users', { headers })
    const second = await call(target(), '/api/users', { headers })
    assert.notEqual(first.json.requestId, second.json.requestId)
    assert.equal(first.headers['x-request-id'], first.json.requestId)
    assert.doesNotMatch(first.text, /chosen/)
  })

  test('no error tells anything of the inside (v5.0.0-13.4.2, v5.0.0-16.5.1)', async () => {
    const { username } = await register(target())
    const answers = [
      await call(target(), '/api/auth/register', {
        json: { username, password: 'Ab7!'.repeat(5) },
      }),
      await call(target(), '/api/users/%00', { token: 'x' }),
      await call(target(), '/api/auth/login', { json: { username: "' OR 1=1 --", password: 'x' } }),
      await call(target(), '/api/users/all?limit=x'),
    ]
    for (const answer of answers) {
      assert.ok(answer.status >= 400 && answer.status < 500)
      assert.doesNotMatch(
        answer.text,
        /sqlite|constraint|node_modules|\bat \w+ \(|\.ts\b|zod|stack/i,
      )
    }
  })
})

// With app.use('/api', …) Express compares the prefix, without regard to case.
behindEachDoor({ doors: ['program', 'express'] }, (target) => {
  test('paths are compared exactly: another case, a slash or an encoding more is another path', async () => {
    const { token } = await newcomer(target())
    for (const path of [
      '/API/users',
      '/api/Users',
      '/api/users/',
      '/api//users',
      '/api/users/all/',
      '/api/%75sers',
      '/api/users;x=1',
    ]) {
      const answer = await call(target(), path, { token })
      assert.ok(answer.status === 404 || answer.status === 403, `${path}: ${answer.status}`)
      assert.equal(answer.json.username, undefined)
    }
  })
})
