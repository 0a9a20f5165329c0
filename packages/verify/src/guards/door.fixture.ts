import assert from 'node:assert/strict'
import { request as sendRequest } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { createLocalVerifier } from '../index.ts'
import {
  CLAIMS,
  createSigningKey,
  NOW_SECONDS,
  optionsFor,
  signToken,
} from '../tokens/issuer.fixture.ts'
import type { TokenVerifier } from './authorizer.ts'

/** An application behind one door: `/auth`, `/admin`, `/scoped`, `/recent`, `/strong` and `/stacked` answer the user. */
export interface Application {
  port: number
  /** How often a handler ran. */
  handled: () => number
  close: () => Promise<void>
}

const key = createSigningKey('ES256')
const local = createLocalVerifier(optionsFor(key))
const clock = (): number => NOW_SECONDS * 1000

export const guardOptions: { clock: () => number; roles: string[] } = {
  clock,
  roles: ['user', 'admin'],
}

/** Counts, and plays an outage for one token. */
export const verifier: TokenVerifier & { count: number } = {
  count: 0,
  verify(token) {
    verifier.count++
    if (token === 'outage') return { ok: false, reason: 'keys_unavailable' }
    if (token === 'stale') {
      return Promise.resolve({ ok: false, reason: 'revocations_unavailable' } as const)
    }
    return token.startsWith('late.')
      ? Promise.resolve(local.verify(token.slice(5)))
      : local.verify(token)
  },
}

/** A good token with other claims. */
export function tokenWith(claims: object): string {
  return signToken(key, { ...CLAIMS, ...claims })
}

interface Reply {
  status: number
  headers: NodeJS.Dict<string | string[]>
  body: string
}

export async function send(
  port: number,
  path: string,
  headers: Record<string, string | string[]> = {},
  body?: string,
): Promise<Reply> {
  const method = body === undefined ? 'GET' : 'POST'
  return new Promise((resolve, reject) => {
    const request = sendRequest({ port, host: '127.0.0.1', path, method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const user = tokenWith({})
const admin = tokenWith({ roles: ['user', 'admin'], username: 'ada', jti: 'admin' })

const passing: [string, string, Record<string, string>, object?][] = [
  ['a good token', '/auth', bearer(user)],
  ['a good token that takes a while', '/auth', bearer(`late.${user}`)],
  ['the scheme in capitals', '/auth', { authorization: `BEARER ${user}` }],
  ['two spaces', '/auth', { authorization: `Bearer  ${user}` }],
  ['a query that is not about tokens', '/auth?token=x&access_tokens=1', bearer(user)],
  ['the role among others', '/admin', bearer(admin), { role: 'user', username: 'ada' }],
  [
    'all scopes in any order',
    '/scoped',
    bearer(tokenWith({ scope: 'x orders:write orders:read' })),
  ],
  ['a log-in as old as allowed', '/recent', bearer(tokenWith({ auth_time: NOW_SECONDS - 300 }))],
  ['a log-in a moment ahead', '/recent', bearer(tokenWith({ auth_time: NOW_SECONDS + 5 }))],
  ['a strong log-in', '/strong', bearer(tokenWith({ auth_time: NOW_SECONDS, acr: 'mfa' }))],
  [
    'everything at once',
    '/stacked',
    bearer(tokenWith({ scope: 'orders:read', auth_time: NOW_SECONDS, roles: ['admin'] })),
  ],
]

const INVALID = 'Bearer error="invalid_token"'
const TWICE =
  'Bearer error="invalid_request", error_description="The access token was sent more than once"'
const SCOPE = 'Bearer error="insufficient_scope", scope="orders:read orders:write"'
const RECENT =
  'Bearer error="insufficient_user_authentication", error_description="A more recent or stronger log-in is required", max_age="300"'
const STRONG = `${RECENT}, acr_values="phr mfa"`

type Refused = [string, string, Record<string, string | string[]>, number, string, string, string?]
const refused: Refused[] = [
  ['no token', '/auth', {}, 401, 'no_token', 'No token provided', 'Bearer'],
  [
    'another scheme',
    '/auth',
    { authorization: 'Basic YTpi' },
    401,
    'no_token',
    'No token provided',
    'Bearer',
  ],
  [
    'a scheme without token',
    '/auth',
    { authorization: 'Bearer ' },
    401,
    'no_token',
    'No token provided',
    'Bearer',
  ],
  [
    'a token in the query alone',
    `/auth?access_token=${user}`,
    {},
    401,
    'no_token',
    'No token provided',
    'Bearer',
  ],
  [
    'a token in a cookie',
    '/auth',
    { cookie: `access_token=${user}` },
    401,
    'no_token',
    'No token provided',
    'Bearer',
  ],
  ['no token where a role is needed', '/admin', {}, 401, 'unauthorized', 'Unauthorized', 'Bearer'],
  [
    'garbage',
    '/auth',
    bearer('garbage'),
    401,
    'invalid_token',
    'Invalid or expired token',
    INVALID,
  ],
  [
    'garbage where a role is needed',
    '/admin',
    bearer('x'),
    401,
    'invalid_token',
    'Invalid or expired token',
    INVALID,
  ],
  [
    'an expired token',
    '/auth',
    bearer(tokenWith({ exp: NOW_SECONDS })),
    401,
    'invalid_token',
    'Invalid or expired token',
    INVALID,
  ],
  [
    'a token and one in the query',
    `/auth?a=b&access_token=x`,
    bearer(user),
    400,
    'invalid_request',
    'The request is not valid',
    TWICE,
  ],
  [
    'a token and one in a query in disguise',
    `/auth?access%5Ftoken=x`,
    bearer(user),
    400,
    'invalid_request',
    'The request is not valid',
    TWICE,
  ],
  [
    'the header twice',
    '/auth',
    { authorization: [`Bearer ${user}`, `Bearer ${admin}`] },
    400,
    'invalid_request',
    'The request is not valid',
    TWICE,
  ],
  [
    'the header twice, the same',
    '/auth',
    { authorization: [`Bearer ${user}`, `Bearer ${user}`] },
    400,
    'invalid_request',
    'The request is not valid',
    TWICE,
  ],
  [
    'two schemes',
    '/auth',
    { authorization: ['Basic YTpi', `Bearer ${user}`] },
    400,
    'invalid_request',
    'The request is not valid',
    TWICE,
  ],
  [
    'another role',
    '/admin',
    bearer(user),
    403,
    'insufficient_permissions',
    'Insufficient permissions',
  ],
  [
    'no roles at all',
    '/admin',
    bearer(tokenWith({ roles: undefined, role: 'admin' })),
    403,
    'insufficient_permissions',
    'Insufficient permissions',
  ],
  [
    'one scope of two',
    '/scoped',
    bearer(tokenWith({ scope: 'orders:read' })),
    403,
    'insufficient_scope',
    'Insufficient scope',
    SCOPE,
  ],
  [
    'scopes as a list',
    '/scoped',
    bearer(tokenWith({ scope: ['orders:read', 'orders:write'] })),
    403,
    'insufficient_scope',
    'Insufficient scope',
    SCOPE,
  ],
  ['no scope', '/scoped', bearer(user), 403, 'insufficient_scope', 'Insufficient scope', SCOPE],
  [
    'a log-in too long ago',
    '/recent',
    bearer(tokenWith({ auth_time: NOW_SECONDS - 301 })),
    401,
    'insufficient_user_authentication',
    'A more recent or stronger log-in is required',
    RECENT,
  ],
  [
    'a log-in to come',
    '/recent',
    bearer(tokenWith({ auth_time: NOW_SECONDS + 6 })),
    401,
    'insufficient_user_authentication',
    'A more recent or stronger log-in is required',
    RECENT,
  ],
  [
    'a log-in at no time',
    '/recent',
    bearer(user),
    401,
    'insufficient_user_authentication',
    'A more recent or stronger log-in is required',
    RECENT,
  ],
  [
    'a log-in at a text',
    '/recent',
    bearer(tokenWith({ auth_time: String(NOW_SECONDS) })),
    401,
    'insufficient_user_authentication',
    'A more recent or stronger log-in is required',
    RECENT,
  ],
  [
    'a weak log-in',
    '/strong',
    bearer(tokenWith({ auth_time: NOW_SECONDS, acr: 'pwd' })),
    401,
    'insufficient_user_authentication',
    'A more recent or stronger log-in is required',
    STRONG,
  ],
  [
    'a log-in that does not say how',
    '/strong',
    bearer(tokenWith({ auth_time: NOW_SECONDS })),
    401,
    'insufficient_user_authentication',
    'A more recent or stronger log-in is required',
    STRONG,
  ],
  [
    'a token without the last of three',
    '/stacked',
    bearer(tokenWith({ scope: 'orders:read', roles: ['admin'] })),
    401,
    'insufficient_user_authentication',
    'A more recent or stronger log-in is required',
    RECENT,
  ],
  [
    'an issuer that is away',
    '/auth',
    bearer('outage'),
    503,
    'unavailable',
    'The service is temporarily unavailable',
  ],
  [
    'revocations that are stale',
    '/auth',
    bearer('stale'),
    503,
    'unavailable',
    'The service is temporarily unavailable',
  ],
]

/** What every door does alike, on a real port. */
export function describeDoor(name: string, start: () => Promise<Application>): void {
  describe(`the ${name} door`, () => {
    let application: Application
    before(async () => {
      application = await start()
    })
    after(() => application.close())

    for (const [what, path, headers, expected = {}] of passing) {
      test(`lets ${what} pass`, async () => {
        const { status, body } = await send(application.port, path, headers)
        assert.equal(status, 200, body)
        const { claims, ...seen } = JSON.parse(body)
        assert.equal(claims.sub, CLAIMS.sub)
        assert.partialDeepStrictEqual(seen, {
          userId: CLAIMS.sub,
          sessionId: CLAIMS.sid,
          roles: claims.roles,
          ...expected,
        })
      })
    }

    for (const [what, path, headers, status, code, message, challenge] of refused) {
      test(`refuses ${what}: ${status} ${code}`, async () => {
        const before = application.handled()
        const reply = await send(application.port, path, headers)
        assert.equal(reply.status, status)
        assert.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8')
        assert.equal(reply.headers['cache-control'], 'no-store')
        assert.equal(reply.headers['www-authenticate'], challenge)
        assert.equal(reply.headers['retry-after'], status === 503 ? '1' : undefined)
        const { requestId, ...problem } = JSON.parse(reply.body)
        assert.ok(requestId)
        assert.deepEqual(problem, {
          type: `urn:countersign:problem:${code}`,
          status,
          code,
          message,
        })
        assert.equal(application.handled(), before)
      })
    }

    test('verifies once for several guards', async () => {
      const token = tokenWith({ scope: 'orders:read', auth_time: NOW_SECONDS, roles: ['admin'] })
      const before = verifier.count
      await send(application.port, '/stacked', bearer(token))
      assert.equal(verifier.count, before + 1)
    })
  })
}
