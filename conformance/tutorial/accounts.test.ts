// What clients of the "secure REST API with JWT" tutorials compare: statuses, members and messages, as API.md marks them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call, type JsonObject } from '../client/call.fixture.ts'
import {
  administrator,
  claimsOf,
  newcomer,
  profileOf,
  readCookie,
  register,
} from '../client/people.fixture.ts'
import { behindEachDoor, newName, newPassword } from '../targets/target.fixture.ts'

behindEachDoor({}, (target) => {
  test('registers with 201, the message and the user', async () => {
    const username = newName()
    const answer = await call(target(), '/api/auth/register', {
      json: { username, password: newPassword(), email: 'ada@example.org' },
    })
    assert.equal(answer.status, 201)
    assert.equal(answer.json.message, 'User registered successfully')
    const user = answer.json.user as JsonObject
    assert.equal(user.username, username)
    assert.equal(user.role, 'user')
    assert.equal(user.email, 'ada@example.org')
    assert.equal(user.password, undefined)
  })

  test('answers 400 "Username already exists" to a second registration of a name', async () => {
    const { username } = await register(target())
    for (const taken of [username, username.toUpperCase()]) {
      const json = { username: taken, password: newPassword() }
      const answer = await call(target(), '/api/auth/register', { json })
      assert.equal(answer.status, 400)
      assert.equal(answer.json.message, 'Username already exists')
    }
  })

  test('logs in with 200, the token in `token` and the refresh token in a cookie', async () => {
    const person = await register(target())
    const { username, password } = person
    const answer = await call(target(), '/api/auth/login', { json: { username, password } })
    assert.equal(answer.status, 200)
    assert.equal(claimsOf(String(answer.json.token)).sub, person.id)
    assert.equal(readCookie(answer).name, 'refreshToken')
  })

  test('answers 400 "Username and password are required" to a log-in that lacks one', async () => {
    for (const json of [
      {},
      { username: 'ada' },
      { password: 'x' },
      { username: '', password: '' },
    ]) {
      const answer = await call(target(), '/api/auth/login', { json })
      assert.equal(answer.status, 400)
      assert.equal(answer.json.message, 'Username and password are required')
    }
  })

  test('answers 401 "Invalid credentials" to a wrong password and to an unknown user', async () => {
    const { username, password } = await register(target())
    for (const json of [
      { username, password: `${password}x` },
      { username: newName(), password },
    ]) {
      const answer = await call(target(), '/api/auth/login', { json })
      assert.equal(answer.status, 401)
      assert.equal(answer.json.message, 'Invalid credentials')
    }
  })

  test('shows the own profile, without anything of the password', async () => {
    const { token, id, username } = await newcomer(target())
    const answer = await profileOf(target(), token)
    assert.equal(answer.status, 200)
    const { createdAt, updatedAt, ...rest } = answer.json
    assert.deepEqual(rest, { id, username, role: 'user', roles: ['user'] })
    for (const time of [createdAt, updatedAt]) {
      assert.equal(new Date(String(time)).toISOString(), time)
    }
  })

  test('answers 401 "No token provided" without a token', async () => {
    const answer = await call(target(), '/api/users')
    assert.equal(answer.status, 401)
    assert.equal(answer.json.message, 'No token provided')
  })

  test('answers 401 "Invalid or expired token" to a token that is none', async () => {
    const answer = await profileOf(target(), 'not.a.token')
    assert.equal(answer.status, 401)
    assert.equal(answer.json.message, 'Invalid or expired token')
  })

  test('lists all users to an administrator, and answers 403 "Insufficient permissions" to a user', async () => {
    const { token, username } = await newcomer(target())
    const refused = await call(target(), '/api/users/all', { token })
    assert.equal(refused.status, 403)
    assert.equal(refused.json.message, 'Insufficient permissions')
    const admin = await administrator(target())
    const path = `/api/users/all?q=${username}`
    const answer = await call(target(), path, { token: admin.token })
    assert.equal(answer.status, 200)
    const users = answer.json.users as JsonObject[]
    assert.deepEqual(
      users.map((user) => user.username),
      [username],
    )
    assert.equal(answer.json.nextCursor, null)
  })
})

behindEachDoor({ doors: ['program'] }, (target) => {
  test('answers 404 "Resource not found" anywhere', async () => {
    for (const path of ['/', '/api', '/api/nothing', '/api/users/all/x', '/favicon.ico']) {
      const answer = await call(target(), path)
      assert.equal(answer.status, 404, path)
      assert.equal(answer.json.message, 'Resource not found')
    }
  })
})

behindEachDoor({ doors: ['express', 'express after json'] }, (target) => {
  test('leaves every path that is not ours to the host', async () => {
    for (const path of ['/', '/api/nothing', '/orders']) {
      const answer = await call(target(), path)
      assert.equal(answer.status, 404, path)
      assert.deepEqual(answer.json, { host: 'Resource not found' })
    }
  })

  test('answers 404 "Resource not found" where only the object is missing', async () => {
    const { token } = await administrator(target())
    const answer = await call(target(), '/api/users/nobody', { token })
    assert.equal(answer.status, 404)
    assert.equal(answer.json.message, 'Resource not found')
  })

  test('answers 401 "Unauthorized" when a role guard finds no user', async () => {
    const answer = await call(target(), '/host/admin')
    assert.equal(answer.status, 401)
    assert.equal(answer.json.message, 'Unauthorized')
  })

  test('answers 403 "Insufficient permissions" when a role guard finds another role', async () => {
    const { token } = await newcomer(target())
    const answer = await call(target(), '/host/admin', { token })
    assert.equal(answer.status, 403)
    assert.equal(answer.json.message, 'Insufficient permissions')
    const admin = await administrator(target())
    assert.equal((await call(target(), '/host/admin', { token: admin.token })).status, 200)
  })

  test('puts userId, username and role on req.user for the routes of the host', async () => {
    const { token, id, username } = await newcomer(target())
    const answer = await call(target(), '/host/user', { token })
    assert.equal(answer.status, 200)
    assert.equal(answer.json.userId, id)
    assert.equal(answer.json.username, username)
    assert.equal(answer.json.role, 'user')
    const anonymous = await call(target(), '/host/user')
    assert.equal(anonymous.status, 401)
    assert.equal(anonymous.json.message, 'No token provided')
  })
})

behindEachDoor(
  {
    doors: ['express'],
    parts: {
      claims: () => {
        throw new Error('SELECT * FROM the inside')
      },
    },
  },
  (target) => {
    test('answers 500 "Internal server error" to an unexpected failure, and logs it under its requestId (v5.0.0-16.3.4)', async () => {
      const { username, password } = await register(target())
      const answer = await call(target(), '/api/auth/login', { json: { username, password } })
      assert.equal(answer.status, 500)
      assert.equal(answer.json.message, 'Internal server error')
      assert.deepEqual(Object.keys(answer.json).sort(), [
        'code',
        'message',
        'requestId',
        'status',
        'type',
      ])
      const logged = target()
        .log()
        .split('\n')
        .find((line) => line.includes('Unexpected failure'))
      assert.ok(logged?.includes(String(answer.json.requestId)))
      const health = await call(target(), '/health/live')
      assert.equal(health.status, 200)
    })
  },
)
