// With a shared secret the suite signs as the server does: every token here has a good signature and one thing wrong.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { JsonObject } from '../client/call.fixture.ts'
import { call } from '../client/call.fixture.ts'
import { type LoggedIn, newcomer, profileOf } from '../client/people.fixture.ts'
import { assertProblem } from '../client/problem.fixture.ts'
import { behindEachDoor, startTarget, type Target } from '../targets/target.fixture.ts'
import { dissect, oddSpellings, signHs256, type Specimen } from './forge.fixture.ts'

const secret = 'only-for-the-suite-8d1f7a4e2c9b6053'

async function refuse(target: Target, token: string, note: string): Promise<void> {
  const answer = await profileOf(target, token)
  assert.equal(answer.status, 401, `${note}: ${answer.text}`)
  assertProblem(answer, 401, 'invalid_token', 'Invalid or expired token')
  assert.equal(answer.headers['www-authenticate'], 'Bearer error="invalid_token"')
}

behindEachDoor({ doors: ['program', 'express'], variables: { JWT_SECRET: secret } }, (target) => {
  let person: LoggedIn
  let good: Specimen
  before(async () => {
    person = await newcomer(target())
    good = dissect(person.token)
  })

  const signClaims = (change: JsonObject): string =>
    signHs256(secret, good.header, { ...good.claims, ...change })
  const signHeader = (change: JsonObject): string =>
    signHs256(secret, { ...good.header, ...change }, good.claims)

  test('a token that the suite signs like the server is taken: so what follows is refused for its own sake', async () => {
    assert.equal((await profileOf(target(), signClaims({}))).status, 200)
    assert.equal((await profileOf(target(), signClaims({ jti: 'another' }))).status, 200)
    const other = signHs256(`${secret}x`, good.header, good.claims)
    await refuse(target(), other, 'another secret')
  })

  test('only an access token is one: typ is at+jwt, with or without its prefix (v5.0.0-9.2.2, RFC 9068 §4, RFC 8725 §3.11)', async () => {
    for (const typ of ['at+jwt', 'application/at+jwt']) {
      assert.equal((await profileOf(target(), signHeader({ typ }))).status, 200, typ)
    }
    const types: unknown[] = [
      'JWT',
      'jwt',
      'id+jwt',
      'secevent+jwt',
      'logout+jwt',
      'dpop+jwt',
      'JOSE',
    ]
    const spelt = [
      'AT+JWT',
      'at+jwt ',
      'at jwt',
      'application/jwt',
      'application/application/at+jwt',
      '',
    ]
    for (const typ of [...types, ...spelt, null, 1, ['at+jwt']]) {
      await refuse(target(), signHeader({ typ }), `typ ${JSON.stringify(typ)}`)
    }
    const { typ: _typ, ...without } = good.header
    await refuse(target(), signHs256(secret, without, good.claims), 'no typ')
  })

  test('a token of another issuer or for another audience is refused (v5.0.0-9.2.3, v5.0.0-10.3.1, RFC 9068 §4, RFC 8725 §3.8, RFC 8725 §3.9)', async () => {
    const own = target().publicUrl
    const others = [
      `${own}/`,
      own.toUpperCase(),
      own.replace('http', 'https'),
      `${own}.evil.example`,
    ]
    for (const wrong of [...others, 'https://evil.example', '', null, 1, [own], {}]) {
      await refuse(target(), signClaims({ iss: wrong }), `iss ${JSON.stringify(wrong)}`)
    }
    for (const wrong of [
      ...others,
      'https://evil.example',
      '',
      null,
      1,
      {},
      [],
      [''],
      [null],
      [[own]],
    ]) {
      await refuse(target(), signClaims({ aud: wrong }), `aud ${JSON.stringify(wrong)}`)
    }
    await refuse(
      target(),
      signClaims({ aud: ['https://a.example', 'https://b.example'] }),
      'others',
    )
    await refuse(target(), signClaims({ aud: [own, 1] }), 'own and a number')
    const several = signClaims({ aud: ['https://a.example', own] })
    assert.equal((await profileOf(target(), several)).status, 200, 'meant for us as well')
  })

  test('a token is refused from the second on in which it expires, and before its time (v5.0.0-9.2.1, RFC 7519 §4.1)', async () => {
    const now = nowSeconds()
    for (const exp of [now - 1, now - 900, 0, -1, 1]) {
      await refuse(target(), signClaims({ exp }), `exp ${exp - now}`)
    }
    for (const claim of ['nbf', 'iat']) {
      await refuse(target(), signClaims({ [claim]: now + 60 }), `${claim} in a minute`)
      assert.equal((await profileOf(target(), signClaims({ [claim]: now - 1 }))).status, 200)
    }
    const times: unknown[] = [null, '', `${now + 900}`, true, [now + 900], {}, 'never']
    for (const value of times) {
      for (const claim of ['exp', 'iat', 'nbf']) {
        await refuse(target(), signClaims({ [claim]: value }), `${claim} ${JSON.stringify(value)}`)
      }
    }
    const { claims, header } = good
    for (const number of ['1e400', '-1e400', '1e999999']) {
      const text = JSON.stringify({ ...claims, exp: 0 }).replace('"exp":0', `"exp":${number}`)
      await refuse(target(), signHs256(secret, header, text), `exp ${number}`)
    }
  })

  test('every claim that is required, or that our own sessions need, has to be there and of its type (RFC 9068 §2.2)', async () => {
    for (const claim of ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id', 'sid', 'epoch']) {
      const { [claim]: _missing, ...claims } = good.claims
      await refuse(target(), signHs256(secret, good.header, claims), `no ${claim}`)
      for (const value of [null, {}, [], true]) {
        await refuse(target(), signClaims({ [claim]: value }), `${claim} ${JSON.stringify(value)}`)
      }
    }
    for (const epoch of [-1, 0.5, '0', 2 ** 53]) {
      await refuse(target(), signClaims({ epoch }), `epoch ${epoch}`)
    }
    for (const roles of ['admin', [1], {}]) {
      await refuse(target(), signClaims({ roles }), `roles ${JSON.stringify(roles)}`)
    }
  })

  test('rights come from the account and not from the token, however well it is signed (v5.0.0-8.3.1)', async () => {
    const token = signClaims({ role: 'admin', roles: ['admin'], epoch: 99 })
    assert.equal((await profileOf(target(), token)).json.role, 'user')
    const answer = await call(target(), '/api/users/all', { token })
    assertProblem(answer, 403, 'insufficient_permissions')
  })

  test('a token for a user or a session that is not there is refused (v5.0.0-9.1.1)', async () => {
    for (const sub of [
      'x',
      '',
      '0'.repeat(26),
      "' OR 1=1 --",
      '__proto__',
      '{"$gt":""}',
      'x'.repeat(3000),
    ]) {
      await refuse(target(), signClaims({ sub }), `sub ${sub.slice(0, 20)}`)
    }
    const gone = await newcomer(target())
    await call(target(), '/api/auth/logout', { method: 'POST', token: gone.token })
    const { header, claims } = dissect(gone.token)
    const renewed = signHs256(secret, header, { ...claims, jti: 'new', exp: nowSeconds() + 900 })
    await refuse(target(), renewed, 'a session that has ended')
  })

  test('a header that changes how the token is read is refused: crit, zip, b64 (RFC 7515 §4.1.11, RFC 7797 §7, RFC 8725 §3.6)', async () => {
    const headers: JsonObject[] = [
      { crit: ['exp'] },
      { crit: [] },
      { crit: ['b64'], b64: false },
      { crit: null },
      { crit: 'x' },
      { b64: false },
      { b64: true },
      { zip: 'DEF' },
      { zip: null },
      { enc: 'A256GCM', zip: 'DEF' },
    ]
    for (const change of headers) {
      await refuse(target(), signHeader(change), JSON.stringify(change))
    }
  })

  test('what is not one plain JSON object is no header and no payload (RFC 8725 §3.7, v5.0.0-1.5.3)', async () => {
    const { header, claims } = good
    for (const text of oddJson(header))
      await refuse(target(), signHs256(secret, text, claims), text)
    for (const text of oddJson(claims))
      await refuse(target(), signHs256(secret, header, text), text)
    for (const encoding of ['utf16le', 'latin1'] as const) {
      const bytes = Buffer.from(JSON.stringify({ ...claims, note: 'é' }), encoding)
      await refuse(target(), signHs256(secret, header, bytes), encoding)
    }
  })

  test('a member that stands there twice is refused in header and payload, escaped or not (v5.0.0-15.3.7, RFC 7519 §4, RFC 7515 §4)', async () => {
    const { header, claims } = good
    for (const name of Object.keys(header)) {
      await refuse(target(), signHs256(secret, repeatMember(header, name), claims), name)
    }
    for (const name of Object.keys(claims)) {
      await refuse(target(), signHs256(secret, header, repeatMember(claims, name)), name)
    }
    const escaped = repeatMember(claims, 'sub', '\\u0073ub')
    await refuse(target(), signHs256(secret, header, escaped), 'an escaped sub')
  })

  test('odd spellings of a good token are refused with a shared secret too (RFC 7515 §2)', async () => {
    for (const [name, token] of Object.entries(oddSpellings(good))) {
      await refuse(target(), token, name)
    }
  })

  test('another algorithm of the same family is refused (v5.0.0-9.1.2)', async () => {
    for (const alg of ['HS384', 'HS512', 'hs256', 'HS256 ', 'none', 'ES256', 'RS256']) {
      await refuse(target(), signHeader({ alg }), alg)
    }
  })
})

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** One part, turned into what is not one plain JSON object. */
function oddJson(part: JsonObject): string[] {
  const text = JSON.stringify(part)
  return [
    `[${text}]`,
    `${text}${text}`,
    `${text}x`,
    `\ufeff${text}`,
    text.slice(0, -1),
    text.replaceAll('"', "'"),
    text.replace('{', '{"__proto__":{},'),
    text.replace('{', '{"a":"\\ud800",'),
    text.replace('{', `{"deep":${'['.repeat(40)}${']'.repeat(40)},`),
    'null',
    '"text"',
    '1',
    '',
  ]
}

function repeatMember(part: JsonObject, name: string, spelling: string = name): string {
  return `${JSON.stringify(part).slice(0, -1)},"${spelling}":${JSON.stringify(part[name])}}`
}

test('a token of another instance is refused, and one of an instance with the same keys but another audience too (v5.0.0-9.2.4, v5.0.0-10.3.3)', async (t) => {
  const start = async (variables: Record<string, string>): Promise<Target> => {
    const target = await startTarget('express', variables)
    t.after(() => target.stop())
    return target
  }
  const first = await start({ PUBLIC_URL: 'https://auth.example.com' })
  const stranger = await start({ PUBLIC_URL: 'https://auth.example.com' })
  const shared = { DATABASE_URL: `sqlite:${first.databaseFile}` }
  const audience = await start({
    ...shared,
    PUBLIC_URL: 'https://auth.example.com',
    JWT_AUDIENCE: 'https://api.example.com',
  })
  const issuer = await start({ ...shared, PUBLIC_URL: 'https://other.example.com' })
  const same = await start({ ...shared, PUBLIC_URL: 'https://auth.example.com' })
  const { token } = await newcomer(first)
  assert.equal((await profileOf(same, token)).status, 200)
  for (const target of [stranger, audience, issuer]) await refuse(target, token, target.publicUrl)
  for (const target of [audience, issuer]) {
    const theirs = await newcomer(target)
    assert.equal((await profileOf(target, theirs.token)).status, 200)
    await refuse(first, theirs.token, 'the other way round')
  }
})
