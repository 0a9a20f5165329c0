import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { call } from '../client/call.fixture.ts'
import { type LoggedIn, newcomer, profileOf, refreshByBody } from '../client/people.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import { behindEachDoor, type Target } from '../targets/target.fixture.ts'

const listed = 'https://app.example.com'

/** What a page's browser says about where a call comes from. `host` stands for the port that the page was loaded from. */
const origins = {
  none: undefined,
  'our own': 'http://localhost:{port}',
  'our own by another name': 'http://127.0.0.1:{port}',
  listed,
  'listed with another port': `${listed}:8443`,
  'listed over http': 'http://app.example.com',
  'listed with a suffix': `${listed}.evil.example`,
  'listed in capitals': 'https://APP.example.com',
  foreign: 'https://evil.example',
  'foreign on our port': 'http://evil.example:{port}',
  null: 'null',
  empty: '',
} as const

const sites = ['absent', 'same-origin', 'same-site', 'cross-site', 'none'] as const

type OriginName = keyof typeof origins
type Site = (typeof sites)[number]

/** The pages that may use the cookie. Every other combination is refused. */
const trusted: Readonly<Partial<Record<OriginName, readonly Site[]>>> = {
  none: ['absent', 'same-origin'],
  'our own': sites,
  // Only the browser can know that it is the same, and only if its Host says so too.
  'our own by another name': ['same-origin'],
  listed: sites,
}

function pageHeaders(target: Target, origin: OriginName, site: Site): Record<string, string> {
  const text = origins[origin]?.replace('{port}', `${target.port}`)
  return {
    ...(text !== undefined && { origin: text }),
    ...(site !== 'absent' && { 'sec-fetch-site': site }),
  }
}

behindEachDoor(
  { doors: ['program', 'express'], variables: { CLIENT_ORIGIN: listed } },
  (target) => {
    let person: LoggedIn
    let tokens: Readonly<Record<string, string | undefined>>
    before(async () => {
      person = await newcomer(target())
      const other = await newcomer(target())
      const { csrfToken } = person
      tokens = {
        good: csrfToken,
        absent: undefined,
        empty: '',
        'of another session': other.csrfToken,
        'cut short': csrfToken.slice(0, -1),
        padded: `${csrfToken}=`,
        'with a blank inside': `${csrfToken.slice(0, 9)} ${csrfToken.slice(9)}`,
        twice: `${csrfToken}, ${csrfToken}`,
        'in capitals': csrfToken.toUpperCase(),
        'the access token': person.token,
        'the refresh token': person.refreshToken,
      }
    })

    test('the cookie acts only for a trusted page with the CSRF token of its session: every combination of Origin, Sec-Fetch-Site and token (v5.0.0-3.5.1, v5.0.0-3.5.8)', async () => {
      const { cookie } = person
      for (const origin of Object.keys(origins) as OriginName[]) {
        for (const site of sites) {
          const headers = pageHeaders(target(), origin, site)
          const isTrusted = trusted[origin]?.includes(site) ?? false
          for (const [name, csrf] of Object.entries(tokens)) {
            const answer = await call(target(), '/api/auth/refresh', {
              method: 'POST',
              cookie,
              headers,
              ...(csrf !== undefined && { csrf }),
            })
            const what = `origin ${origin}, site ${site}, token ${name}: ${answer.text}`
            const expected = !isTrusted
              ? [403, 'origin_not_allowed']
              : name === 'good'
                ? [200, undefined]
                : [403, 'invalid_csrf_token']
            assert.deepEqual([answer.status, answer.json.code], expected, what)
          }
        }
      }
    })

    test('a log-out by cookie needs the same two, and ends nothing without them (v5.0.0-3.5.1)', async () => {
      for (const origin of Object.keys(origins) as OriginName[]) {
        for (const site of sites) {
          const headers = pageHeaders(target(), origin, site)
          const isTrusted = trusted[origin]?.includes(site) ?? false
          const bare = { method: 'POST', cookie: person.cookie, headers }
          const refused = await call(target(), '/api/auth/logout', bare)
          const code = isTrusted ? 'invalid_csrf_token' : 'origin_not_allowed'
          assertProblem(refused, 403, code)
        }
      }
      assert.equal((await profileOf(target(), person.token)).status, 200)
    })

    test('a log-out without a credential deletes the cookie for a trusted page alone: a form of a foreign page logs nobody out (v5.0.0-3.5.1)', async () => {
      for (const origin of Object.keys(origins) as OriginName[]) {
        for (const site of sites) {
          const headers = pageHeaders(target(), origin, site)
          const isTrusted = trusted[origin]?.includes(site) ?? false
          const answer = await call(target(), '/api/auth/logout', { method: 'POST', headers })
          const what = `origin ${origin}, site ${site}`
          assert.equal(answer.status, isTrusted ? 204 : 403, what)
          assert.equal(answer.headers['set-cookie'] !== undefined, isTrusted, what)
        }
      }
    })

    test('GET csrf gives the token to a trusted page alone, and changes nothing', async () => {
      for (const origin of Object.keys(origins) as OriginName[]) {
        for (const site of sites) {
          const headers = pageHeaders(target(), origin, site)
          const answer = await call(target(), '/api/auth/csrf', { cookie: person.cookie, headers })
          const isTrusted = trusted[origin]?.includes(site) ?? false
          assert.equal(answer.status, isTrusted ? 200 : 403, `${origin} ${site}`)
          if (isTrusted) assert.deepEqual(answer.json, { csrfToken: person.csrfToken })
        }
      }
    })

    test('a credential that no browser adds by itself needs neither (v5.0.0-3.5.1)', async () => {
      const { refreshToken, token } = await newcomer(target())
      const headers = pageHeaders(target(), 'foreign', 'cross-site')
      const json = { refreshToken }
      assert.equal((await call(target(), '/api/auth/refresh', { json, headers })).status, 200)
      assert.equal((await call(target(), '/api/users', { token, headers })).status, 200)
    })

    test('no form and no other simple request does anything: a body that is not application/json is refused (v5.0.0-3.5.2)', async () => {
      const { cookie, csrfToken, refreshToken, username, password } = await newcomer(target())
      const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']
      for (const type of types) {
        for (const [path, json] of [
          ['/api/auth/login', { username, password }],
          ['/api/auth/register', { username: `${username}x`, password }],
          ['/api/auth/refresh', { refreshToken }],
          ['/api/auth/logout', { refreshToken }],
        ] as const) {
          const answer = await call(target(), path, {
            body: JSON.stringify(json),
            headers: { 'content-type': type },
            cookie,
            csrf: csrfToken,
          })
          assertProblem(answer, 415, 'unsupported_media_type')
        }
      }
      assert.equal((await refreshByBody(target(), refreshToken)).status, 200)
    })

    test('no GET, HEAD or OPTIONS changes anything (v5.0.0-3.5.3, v5.0.0-7.6.2)', async () => {
      const { cookie, csrfToken, token, refreshToken } = await newcomer(target())
      const paths = ['login', 'register', 'refresh', 'logout', 'logout-all', 'password']
      for (const path of paths) {
        for (const method of ['GET', 'HEAD']) {
          const options = { method, cookie, csrf: csrfToken, token }
          const answer = await call(
            target(),
            `/api/auth/${path}?refreshToken=${refreshToken}`,
            options,
          )
          assert.equal(answer.status, 405, path)
        }
        const options = { method: 'OPTIONS', cookie, csrf: csrfToken, token }
        assert.equal((await call(target(), `/api/auth/${path}`, options)).status, 204)
      }
      assert.equal((await profileOf(target(), token)).status, 200)
      assert.equal((await refreshByBody(target(), refreshToken)).status, 200)
    })
  },
)
