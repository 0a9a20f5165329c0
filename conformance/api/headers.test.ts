import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, call } from '../client/call.fixture.ts'
import { administrator, newcomer } from '../client/people.fixture.ts'
import { exchange } from '../client/raw-connection.fixture.ts'
import { behindEachDoor, type Target } from '../targets/target.fixture.ts'

/** One answer of every kind. */
async function everyKind(target: Target): Promise<Readonly<Record<string, Answer>>> {
  const { token, cookie, csrfToken } = await newcomer(target)
  const admin = await administrator(target)
  return {
    'a read': await call(target, '/api/users', { token }),
    'a list': await call(target, '/api/users/all', { token: admin.token }),
    'a refresh': await call(target, '/api/auth/refresh', {
      method: 'POST',
      cookie,
      csrf: csrfToken,
    }),
    'a preflight': await call(target, '/api/users', { method: 'OPTIONS' }),
    'no content': await call(target, '/api/auth/logout', { method: 'POST', token }),
    '400': await call(target, '/api/auth/login', { json: {} }),
    '401': await call(target, '/api/users'),
    '403': await call(target, '/api/auth/refresh', {
      method: 'POST',
      cookie,
      headers: { origin: 'https://evil.example' },
    }),
    '404': await call(target, '/api/users/nobody', { token: admin.token }),
    '405': await call(target, '/api/auth/login'),
    '413': await call(target, '/api/auth/login', { json: { username: 'x'.repeat(11_000) } }),
    '415': await call(target, '/api/auth/login', { body: '{}' }),
    health: await call(target, '/health/live'),
    keys: await call(target, '/.well-known/jwks.json'),
    document: await call(target, '/openapi.json'),
  }
}

const expectedHeaders = {
  'content-security-policy': /^default-src 'none'; base-uri 'none'; .*frame-ancestors 'none'$/,
  'cross-origin-opener-policy': /^same-origin$/,
  'cross-origin-resource-policy': /^(same|cross)-origin$/,
  'referrer-policy': /^no-referrer$/,
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
} as const

behindEachDoor({ doors: ['program', 'express after json'] }, (target) => {
  test('every answer carries the security headers, whatever its status (v5.0.0-3.2.1, v5.0.0-3.4.3, v5.0.0-3.4.4, v5.0.0-3.4.5, v5.0.0-3.4.6, v5.0.0-3.4.8, RFC 9700 §4.16)', async () => {
    for (const [kind, answer] of Object.entries(await everyKind(target()))) {
      if (/^\d+$/.test(kind)) assert.equal(answer.status, Number(kind))
      for (const [name, pattern] of Object.entries(expectedHeaders)) {
        assert.match(String(answer.headers[name]), pattern, `${kind}: ${name}`)
      }
    }
  })

  test('every body is JSON in UTF-8 and says so (v5.0.0-4.1.1)', async () => {
    for (const [kind, answer] of Object.entries(await everyKind(target()))) {
      const type = answer.headers['content-type']
      if (answer.text === '') assert.equal(type, undefined, kind)
      else assert.match(type ?? '', /^application\/(problem\+)?json; charset=utf-8$/, kind)
    }
  })

  test('nothing under /api may be stored, errors included (v5.0.0-14.2.2, v5.0.0-14.3.2)', async () => {
    for (const [kind, answer] of Object.entries(await everyKind(target()))) {
      if (kind === 'keys') continue
      assert.equal(answer.headers['cache-control'], 'no-store', kind)
    }
  })

  test('over http there is no HSTS, and no redirect anywhere (v5.0.0-4.1.2)', async () => {
    for (const [kind, answer] of Object.entries(await everyKind(target()))) {
      assert.equal(answer.headers['strict-transport-security'], undefined, kind)
      assert.ok(answer.status < 300 || answer.status >= 400, kind)
      assert.equal(answer.headers.location, undefined)
    }
  })
})

behindEachDoor(
  { doors: ['program', 'express'], variables: { PUBLIC_URL: 'https://auth.example.com' } },
  (target) => {
    test('over https HSTS holds for two years and for subdomains (v5.0.0-3.4.1)', async () => {
      for (const [kind, answer] of Object.entries(await everyKind(target()))) {
        const value = answer.headers['strict-transport-security']
        assert.equal(value, 'max-age=63072000; includeSubDomains', kind)
      }
    })

    test('a plain-http request is not redirected to https, which would hide the mistake (v5.0.0-4.1.2)', async () => {
      const answer = await call(target(), '/api/auth/login', { json: { username: 'a' } })
      assert.equal(answer.status, 400)
      assert.equal(answer.headers.location, undefined)
    })
  },
)

behindEachDoor({ doors: ['program'] }, (target) => {
  test('no header names the software or its version (v5.0.0-13.4.6)', async () => {
    for (const [kind, answer] of Object.entries(await everyKind(target()))) {
      for (const name of ['server', 'x-powered-by', 'x-aspnet-version', 'via']) {
        assert.equal(answer.headers[name], undefined, `${kind}: ${name}`)
      }
    }
  })

  test('what cannot even be read as a request is answered in the same form, with the same headers (v5.0.0-3.4.4, v5.0.0-4.1.1)', async () => {
    for (const request of [
      'GARBAGE\r\n\r\n',
      `GET /api/users HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
      'GET /api/users HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    ]) {
      const [head = '', body = ''] = (await exchange(target(), request)).split('\r\n\r\n')
      assert.match(head, /^HTTP\/1\.1 4\d\d /)
      for (const line of [
        'content-type: application/problem\\+json; charset=utf-8',
        'cache-control: no-store',
        'x-content-type-options: nosniff',
        "content-security-policy: default-src 'none'",
        'referrer-policy: no-referrer',
      ]) {
        assert.match(head, new RegExp(`\r\n${line}`, 'i'), `${request.slice(0, 30)} ${line}`)
      }
      const problem = JSON.parse(body) as { status: number; requestId: string }
      assert.equal(`${problem.status}`, head.slice(9, 12))
      assert.match(problem.requestId, /^[\w-]{3,64}$/)
    }
  })
})
