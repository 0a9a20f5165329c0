import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTestAccount } from '../accounts/account.fixture.ts'
import { createTestClock, testStart } from '../foundation/deterministic.fixture.ts'
import { createMasterSecrets } from '../foundation/master-secret.ts'
import { isAuthentic, parseRefreshToken } from '../sessions/refresh-token.ts'
import { createTestSession, testLives } from '../sessions/session.fixture.ts'
import type { AccessTokenSubject } from '../tokens/issue-access-token.ts'
import { isCsrfToken } from './csrf-token.ts'
import { clearedCookie, type Delivery, issueTokenAnswer } from './token-answer.ts'

const secrets = createMasterSecrets(['a-secret-that-is-long-enough-for-tests'])
const account = createTestAccount()
const session = createTestSession()
const cookie = { name: '__Host-refreshToken', secure: true }

function setUp() {
  const clock = createTestClock()
  const asked: AccessTokenSubject[] = []
  const issuer = {
    issue: async (subject: AccessTokenSubject) => {
      asked.push(subject)
      return { token: 'access-token', expiresIn: 900 }
    },
  }
  const parts = { secrets, issuer, cookie, lives: testLives, clock }
  const answer = (delivery: Delivery) =>
    issueTokenAnswer(parts, { session, account, generation: 3 }, delivery)
  return { clock, asked, answer }
}

function bodyOf(reply: { readonly body?: unknown }): Record<string, unknown> {
  return reply.body as Record<string, unknown>
}

describe('the token answer', () => {
  test('has the access token under both names, a CSRF token, and the user without the hash', async () => {
    const { answer } = setUp()
    const reply = await answer('cookie')
    const { csrfToken, user, ...rest } = bodyOf(reply)
    assert.equal(reply.status, 200)
    assert.deepEqual(rest, {
      token: 'access-token',
      accessToken: 'access-token',
      tokenType: 'Bearer',
      expiresIn: 900,
    })
    assert.equal(isCsrfToken(secrets, session.id, String(csrfToken)), true)
    assert.equal((user as { id: string }).id, account.id)
    assert.equal(JSON.stringify(reply.body).includes('hash'), false)
  })

  test('puts the refresh token of the generation into the cookie, and nowhere else', async () => {
    const { answer } = setUp()
    const reply = await answer('cookie')
    const [, name, token = ''] = /^([\w-]+)=([\w-]+); /.exec(reply.cookies?.[0] ?? '') ?? []
    assert.equal(name, '__Host-refreshToken')
    const parsed = parseRefreshToken(token)
    assert.equal(parsed?.generation, 3)
    assert.equal(isAuthentic(secrets, parsed, session), true)
    assert.equal(JSON.stringify(reply.body).includes(token), false)
  })

  test('puts it into the body when that was asked for, and sets no cookie', async () => {
    const { answer } = setUp()
    const reply = await answer('body')
    assert.deepEqual([reply.status, reply.cookies], [200, undefined])
    assert.equal(parseRefreshToken(String(bodyOf(reply)['refreshToken']))?.generation, 3)
  })

  test('gives the cookie the idle life, or what remains of the session', async () => {
    const { answer, clock } = setUp()
    const maxAge = async (): Promise<number> => {
      const { cookies } = await answer('cookie')
      return Number(/Max-Age=(\d+)/.exec(cookies?.[0] ?? '')?.[1])
    }
    assert.equal(await maxAge(), 7 * 86_400)
    clock.set(testStart + testLives.maxMs - 1_999)
    assert.equal(await maxAge(), 1)
    clock.set(testStart + testLives.maxMs)
    assert.equal(await maxAge(), 0)
  })

  test('tells the issuer when the session ends at the latest', async () => {
    const { answer, asked } = setUp()
    await answer('body')
    assert.deepEqual(asked, [
      { account, session: { ...session, expiresAt: testStart + testLives.maxMs } },
    ])
  })
})

test('a cleared cookie is the same cookie, empty and over', () => {
  assert.equal(
    clearedCookie(cookie),
    '__Host-refreshToken=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure',
  )
})
