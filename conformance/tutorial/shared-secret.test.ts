// A service that was written by the tutorial verifies with jsonwebtoken and the shared secret, and reads userId, username
// and role. With JWT_SECRET set, it goes on working.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import express, { type RequestHandler } from 'express'
import jsonwebtoken, { type JwtPayload } from 'jsonwebtoken'
import { call } from '../client/call.fixture.ts'
import { administrator, headerOf, newcomer, profileOf } from '../client/people.fixture.ts'
import { behindEachDoor } from '../targets/target.fixture.ts'

const secret = 'a shared ünïcode secret of the old days, 4711'

/** The tutorial's own two middlewares. */
const verifyToken: RequestHandler = (request, response, next) => {
  const token = request.headers.authorization?.split(' ')[1]
  if (!token) {
    response.status(401).json({ message: 'No token provided' })
    return
  }
  try {
    response.locals['user'] = jsonwebtoken.verify(token, secret)
    next()
  } catch {
    response.status(401).json({ message: 'Invalid or expired token' })
  }
}

const checkRole =
  (...roles: string[]): RequestHandler =>
  (_request, response, next) => {
    const user = response.locals['user'] as JwtPayload
    if (roles.includes(String(user['role']))) next()
    else response.status(403).json({ message: 'Insufficient permissions' })
  }

async function startOldService(): Promise<{ port: number; stop: () => void }> {
  const app = express()
  app.get('/reports', verifyToken, checkRole('admin'), (_request, response) => {
    const { userId, username, role } = response.locals['user'] as JwtPayload
    response.json({ userId, username, role })
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, stop: () => server.close() }
}

behindEachDoor({ variables: { JWT_SECRET: secret } }, (target) => {
  test('jsonwebtoken.verify accepts our token with JWT_SECRET and reads userId, username and role', async () => {
    const { token, id, username } = await newcomer(target())
    assert.equal(headerOf(token).alg, 'HS256')
    const claims = jsonwebtoken.verify(token, secret, { algorithms: ['HS256'] }) as JwtPayload
    assert.equal(claims['userId'], id)
    assert.equal(claims['username'], username)
    assert.equal(claims['role'], 'user')
    assert.throws(() => jsonwebtoken.verify(token, `${secret} `))
    assert.equal((await profileOf(target(), token)).status, 200)
  })

  test("the tutorial's checkRole in another service lets administrators pass and nobody else", async (t) => {
    const service = await startOldService()
    t.after(service.stop)
    const admin = await administrator(target())
    const passed = await call(service, '/reports', { token: admin.token })
    assert.equal(passed.status, 200)
    assert.deepEqual(passed.json, { userId: admin.id, username: admin.username, role: 'admin' })
    const { token } = await newcomer(target())
    assert.equal((await call(service, '/reports', { token })).status, 403)
    assert.equal((await call(service, '/reports', { token: `${token}x` })).status, 401)
  })

  test('publishes no key while tokens are signed with a shared secret', async () => {
    const answer = await call(target(), '/.well-known/jwks.json')
    assert.deepEqual(answer.json, { keys: [] })
    assert.ok(!answer.text.includes(secret))
  })
})

behindEachDoor({ doors: ['program', 'express'] }, (target) => {
  test('puts nothing personal into a token without JWT_SECRET (RFC 9068 §6)', async () => {
    const { token, username } = await newcomer(target())
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
    assert.ok(!payload.includes(username))
    assert.equal(headerOf(token).alg, 'ES256')
  })
})
