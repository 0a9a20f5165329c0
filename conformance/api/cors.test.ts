import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, call } from '../client/call.fixture.ts'
import { newcomer } from '../client/people.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import { behindEachDoor, type Target } from '../targets/target.fixture.ts'

const listed = ['https://app.example.com', 'http://localhost:5173']

const unlisted = [
  'https://evil.example',
  'https://app.example.com.evil.example',
  'https://evil-app.example.com',
  'https://app.example.com:8443',
  'http://app.example.com',
  'https://APP.EXAMPLE.COM',
  'https://app.example.com/',
  'https://app.example.com, https://evil.example',
  'null',
  '*',
  '',
]

function preflight(target: Target, origin: string, method = 'POST'): Promise<Answer> {
  return call(target, '/api/auth/refresh', {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'content-type,x-csrf-token',
    },
  })
}

function corsOf(answer: Answer): string[] {
  return Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))
}

behindEachDoor(
  { doors: ['program', 'express'], variables: { CLIENT_ORIGIN: listed.join(', ') } },
  (target) => {
    test('a preflight from a listed origin names the methods of the path and the headers that clients need (v5.0.0-3.4.2)', async () => {
      for (const origin of listed) {
        const answer = await preflight(target(), origin)
        assert.equal(answer.status, 204)
        assert.equal(answer.text, '')
        assert.equal(answer.headers['access-control-allow-origin'], origin)
        assert.equal(answer.headers['access-control-allow-credentials'], 'true')
        assert.match(answer.headers['access-control-allow-methods'] ?? '', /\bPOST\b/)
        const allowed = answer.headers['access-control-allow-headers']?.toLowerCase().split(', ')
        assert.deepEqual(allowed?.sort(), ['authorization', 'content-type', 'x-csrf-token'])
        assert.equal(answer.headers.vary, 'Origin')
      }
    })

    test('a preflight from any other origin is refused, without a word that a browser would take for leave (v5.0.0-3.4.2)', async () => {
      for (const origin of unlisted) {
        const answer = await preflight(target(), origin)
        assertProblem(answer, 403, 'origin_not_allowed')
        assert.deepEqual(corsOf(answer), [], origin)
      }
    })

    test('an answer is shared with a listed origin by name, errors included, and never with `*` (v5.0.0-3.4.2)', async () => {
      const { token } = await newcomer(target())
      for (const options of [{ token }, {}]) {
        for (const origin of listed) {
          const answer = await call(target(), '/api/users', { ...options, headers: { origin } })
          assert.equal(answer.headers['access-control-allow-origin'], origin)
          assert.equal(answer.headers['access-control-allow-credentials'], 'true')
          const exposed = answer.headers['access-control-expose-headers']?.toLowerCase() ?? ''
          for (const name of ['retry-after', 'www-authenticate', 'x-request-id']) {
            assert.ok(exposed.includes(name), name)
          }
        }
        for (const origin of unlisted) {
          const answer = await call(target(), '/api/users', { ...options, headers: { origin } })
          assert.deepEqual(corsOf(answer), [], origin)
          assert.equal(answer.headers.vary, 'Origin', 'or a cache would hand it to the listed one')
        }
      }
    })

    test('public keys are for every page, and a listed one may still send credentials', async () => {
      const path = '/.well-known/jwks.json'
      const foreign = await call(target(), path, { headers: { origin: 'https://evil.example' } })
      assert.equal(foreign.headers['access-control-allow-origin'], '*')
      assert.equal(foreign.headers['access-control-allow-credentials'], undefined)
      const own = await call(target(), path, { headers: { origin: listed[0] } })
      assert.equal(own.headers['access-control-allow-origin'], listed[0])
      assert.equal(own.headers['access-control-allow-credentials'], 'true')
    })
  },
)

behindEachDoor({ doors: ['program'] }, (target) => {
  test('without CLIENT_ORIGIN no origin is let in, our own apart', async () => {
    assert.equal((await preflight(target(), target().publicUrl)).status, 204)
    for (const origin of [...listed, ...unlisted]) {
      assertProblem(await preflight(target(), origin), 403, 'origin_not_allowed')
    }
  })
})
